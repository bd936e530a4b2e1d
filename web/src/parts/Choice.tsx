// A filter of a list: one of some values, or all of them.
import { NativeSelect } from "@mantine/core";
import type { Destination } from "../api/status";

export interface ChoiceProps<V extends string> {
  /** What is chosen, as a label for those who do not see it. */
  label: string;
  /** What no choice is called. */
  all: string;
  value: V | undefined;
  options: { value: V; label: string }[];
  onChoose: (value: V | undefined) => void;
}

export function Choice<V extends string>(props: ChoiceProps<V>) {
  const { label, all, value = "", options, onChoose } = props;
  return (
    <NativeSelect
      size="xs"
      aria-label={label}
      value={value}
      onChange={(event) => onChoose((event.currentTarget.value || undefined) as V | undefined)}
      data={[{ value: "", label: all }, ...options]}
    />
  );
}

export function DestinationChoice({
  destinations,
  ...rest
}: { destinations: Destination[] } & Omit<ChoiceProps<string>, "all" | "options">) {
  const options = destinations.map(({ id, name }) => ({ value: id, label: name || id }));
  return <Choice all="All destinations" options={options} {...rest} />;
}
