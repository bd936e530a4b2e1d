// Which keys do something on this page, and the switch that turns single keys off.
import { Checkbox } from "@mantine/core";
import { Dialog } from "../Dialog";
import { useBindings, useKeysOn } from "../keys/useKey";

const ALWAYS = [
  ["Ctrl K", "Go to a page, or open an id"],
  ["↑ ↓", "Move in a list that has the focus"],
  ["Enter", "Open"],
  ["Esc", "Close"],
] as const;

function Row({ keys, words }: { keys: string; words: string }) {
  return (
    <div className="fact">
      <dt>
        {keys.split(" ").map((key) => (
          <kbd key={key}>{key}</kbd>
        ))}
      </dt>
      <dd>{words}</dd>
    </div>
  );
}

export function KeyHelp({ onClose }: { onClose: () => void }) {
  const bindings = useBindings();
  const [on, setOn] = useKeysOn();
  // Of two with the same key only the newest runs.
  const told = [...new Map(bindings.map((each) => [each.keys, each])).values()];
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl className="facts keys-list">
        {ALWAYS.map(([keys, words]) => (
          <Row key={keys} keys={keys} words={words} />
        ))}
        {on && told.map(({ keys, words }) => <Row key={keys} keys={keys} words={words} />)}
      </dl>
      <div className="dialog-foot">
        <Checkbox
          label="Single keys do something"
          checked={on}
          onChange={(event) => setOn(event.currentTarget.checked)}
        />
        <p className="secondary">An id that is pasted anywhere on a page opens the same search.</p>
      </div>
    </Dialog>
  );
}
