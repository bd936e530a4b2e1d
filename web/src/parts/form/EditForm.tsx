// A form of something that has versions: what is changed is saved on top of the version that was read;
// where somebody else was first, their changes and ours are shown side by side.
import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import type { Versioned } from "../../api/catalog";
import { Problem } from "../../api/client";
import { ROLE_WITH, useMay } from "../../api/me";
import { Hostile } from "../Hostile";
import { Conflicts } from "./Conflicts";
import { differences, fieldOf, mergeChanges, same } from "./merge";
import { elsewhere, type Mistakes, mistakesOf, within } from "./mistakes";

export interface Editing<T> {
  draft: T;
  set: (draft: T) => void;
  mistakes: Mistakes;
  readOnly: boolean;
}

interface Props<T extends Versioned> {
  /** As it was read the last time. */
  object: T;
  /** The members that the fields show; mistakes of others are told above. */
  fields: readonly string[];
  save: (draft: T, version: number) => Promise<T>;
  onSaved?: (saved: T) => void;
  /** What cannot be said as a mistake of a field. */
  children: (editing: Editing<T>) => ReactNode;
}

/** What says how it was read, and is not edited. */
const bare = <T extends Versioned>({ version: _, managedBy: __, ...rest }: T) => rest;

/** Why nothing can be edited; null where it can. */
export function useReadOnly(managedBy: string | null | undefined): string | null {
  const may = useMay("edit");
  if (managedBy) return "It is managed by the workspace file: change it there.";
  return may ? null : `Changing it takes the role ${ROLE_WITH.edit}.`;
}

export function EditForm<T extends Versioned>(props: Props<T>) {
  const { object, fields, save, onSaved, children } = props;
  const [base, setBase] = useState(object);
  const [draft, setDraft] = useState<T>(object);
  const [round, setRound] = useState(0);
  const isDirty = !same(bare(draft), bare(base));
  const readOnly = useReadOnly(object.managedBy);
  const restart = (from: T) => {
    setBase(from);
    setDraft(from);
    setRound((now) => now + 1);
  };
  // What nobody has touched here follows what others make of it.
  if (!isDirty && object.version > base.version) restart(object);
  const saving = useMutation({
    mutationFn: async ({ wanted, version }: { wanted: T; version: number }) =>
      await save(wanted, version),
    onSuccess: (saved) => {
      restart(saved);
      onSaved?.(saved);
    },
  });
  const { error } = saving;
  const theirs =
    error instanceof Problem && error.body.status === 412 ? (error.body.current as T) : null;
  const merge = theirs && mergeChanges(bare(base), bare(draft), bare(theirs));
  const problems = theirs ? [] : elsewhere(error, fields);
  return (
    <form
      className="edit"
      aria-label="Settings"
      onSubmit={(event) => {
        event.preventDefault();
        saving.mutate({ wanted: draft, version: base.version });
      }}
    >
      {readOnly !== null && <p className="note">{readOnly}</p>}
      <div className="edit-fields" key={round}>
        {children({
          draft,
          set: setDraft,
          mistakes: mistakesOf(error),
          readOnly: readOnly !== null,
        })}
      </div>
      {problems.map((each) => (
        <p className="refused" role="alert" key={each}>
          <Hostile text={each} />
        </p>
      ))}
      {readOnly === null && (
        <div className="edit-end" data-dirty={isDirty || undefined}>
          <Button type="submit" disabled={!isDirty} loading={saving.isPending}>
            Save
          </Button>
          {isDirty && (
            <Button
              variant="default"
              onClick={() => {
                saving.reset();
                restart(object);
              }}
            >
              Discard
            </Button>
          )}
          <span role="status" className="secondary">
            {saving.isSuccess && !isDirty && "Saved"}
            {isDirty &&
              object.version > base.version &&
              "Somebody else has changed it meanwhile; saving shows what."}
            {error && within(mistakesOf(error), "") === undefined && mistakesOf(error).size > 0
              ? "Not saved: see the marked fields"
              : ""}
          </span>
        </div>
      )}
      {theirs && merge && (
        <Conflicts
          conflicts={merge.conflicts}
          taken={differences(bare(base), bare(theirs)).filter(
            (one) => !merge.conflicts.some(({ path }) => fieldOf(path) === fieldOf(one.path)),
          )}
          merged={merge.merged}
          onClose={() => saving.reset()}
          onDecide={(decided) => saving.mutate({ wanted: decided as T, version: theirs.version })}
        />
      )}
    </form>
  );
}
