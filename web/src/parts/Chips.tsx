// The filters that are set, each with a button that takes it away, and one that takes all away.
import { ActionIcon } from "@mantine/core";
import { Hostile } from "./Hostile";
import { Icon } from "./Icon";

export interface Chip<Name extends string> {
  name: Name;
  /** What it is of, as a word: "user". */
  word: string;
  value: string;
}

interface Props<Name extends string> {
  chips: readonly Chip<Name>[];
  onRemove: (name: Name) => void;
  onClear: () => void;
}

export function Chips<Name extends string>({ chips, onRemove, onClear }: Props<Name>) {
  if (chips.length === 0) return null;
  return (
    <ul className="chips" aria-label="Filters that are set">
      {chips.map(({ name, word, value }) => (
        <li key={name} className="chip">
          <span>
            <span className="secondary">{word}</span> <Hostile text={value} />
          </span>
          <ActionIcon
            size="sm"
            variant="subtle"
            color="gray"
            aria-label={`Remove the filter by ${word}`}
            onClick={() => onRemove(name)}
          >
            <Icon name="close" size={12} />
          </ActionIcon>
        </li>
      ))}
      <li>
        <button type="button" className="link" onClick={onClear}>
          Clear filters
        </button>
      </li>
    </ul>
  );
}
