// Two people have changed the same thing: what each of them says, member by member, and the choice.
import { Button } from "@mantine/core";
import { useState } from "react";
import { Dialog } from "../Dialog";
import { Hostile } from "../Hostile";
import { type Conflict, type Difference, fieldOf, withAt } from "./merge";

/** A value of a member as text; a list in its own lines. */
export function Shown({ value }: { value: unknown }) {
  if (value === undefined) return <span className="none">not set</span>;
  if (typeof value === "string") return <Hostile text={value} />;
  return (
    <code className="shown">
      <Hostile text={JSON.stringify(value, null, 1)} layout="asSent" />
    </code>
  );
}

/** What was changed, before and after. */
export function Changes({ changes }: { changes: Difference[] }) {
  return (
    <table className="changes">
      <thead>
        <tr>
          <th scope="col">What</th>
          <th scope="col">Before</th>
          <th scope="col">After</th>
        </tr>
      </thead>
      <tbody>
        {changes.map(({ path, before, after }) => (
          <tr key={fieldOf(path)}>
            <th scope="row">
              <code>{fieldOf(path)}</code>
            </th>
            <td data-change="before">
              <Shown value={before} />
            </td>
            <td data-change="after">
              <Shown value={after} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface Props {
  conflicts: Conflict[];
  /** What they have changed besides, which is taken over. */
  taken: Difference[];
  /** Both people's changes, with theirs where they meet. */
  merged: unknown;
  onClose: () => void;
  /** What is to be saved on top of theirs. */
  onDecide: (object: unknown) => void;
}

export function Conflicts({ conflicts, taken, merged, onClose, onDecide }: Props) {
  const [mine, setMine] = useState<ReadonlySet<string>>(new Set());
  const choose = (field: string, isMine: boolean) => {
    const next = new Set(mine);
    if (isMine) next.add(field);
    else next.delete(field);
    setMine(next);
  };
  const decided = conflicts
    .filter(({ path }) => mine.has(fieldOf(path)))
    .reduce((object, conflict) => withAt(object, conflict.path, conflict.mine), merged);
  return (
    <Dialog title="Somebody else has changed it meanwhile" onClose={onClose}>
      <div className="conflicts">
        {conflicts.length > 0 && <p>Choose what is to hold where both of you changed the same.</p>}
        {conflicts.map(({ path, mine: own, theirs }) => {
          const field = fieldOf(path);
          return (
            <fieldset className="cards" key={field}>
              <legend>
                <code>{field}</code>
              </legend>
              {[false, true].map((isMine) => (
                <label className="card" key={String(isMine)}>
                  <input
                    type="radio"
                    name={field}
                    checked={mine.has(field) === isMine}
                    onChange={() => choose(field, isMine)}
                  />
                  <span>
                    <strong>{isMine ? "Yours" : "Theirs"}</strong>
                    <span className="secondary">
                      <Shown value={isMine ? own : theirs} />
                    </span>
                  </span>
                </label>
              ))}
            </fieldset>
          );
        })}
        {taken.length > 0 && (
          <>
            <p>This was changed by them, and is kept:</p>
            <div className="scroll">
              <Changes changes={taken} />
            </div>
          </>
        )}
        <div className="confirm">
          <Button onClick={() => onDecide(decided)}>Save this</Button>
          <Button variant="default" onClick={onClose}>
            Go on editing
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
