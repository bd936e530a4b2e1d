// A shell command, ready to be copied.
import { Copy } from "./Copy";
import { Hostile } from "./Hostile";

export function Command({ text, what }: { text: string; what: string }) {
  return (
    <div className="command">
      <section
        className="scroll"
        aria-label={what}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways, also by keyboard.
        tabIndex={0}
      >
        <pre>
          <Hostile text={text} layout="asSent" />
        </pre>
      </section>
      <Copy what={what} text={text} caption="Copy" />
    </div>
  );
}
