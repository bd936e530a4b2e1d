// Fields whose value lives elsewhere, such as the address: typed text is handed over when one pauses.
import { TextInput, type TextInputProps } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useZone } from "../Time";
import { fieldOf, momentOf } from "./moments";

const PAUSE_MS = 400;

interface Draft<V> extends Omit<TextInputProps, "value" | "onChange" | "error"> {
  value: V | undefined;
  error?: string | undefined;
  onValue: (value: V | undefined) => void;
}

/** What is typed, until it is handed over: by a pause, Enter, or going on to another field. */
function useDraft(value: string, hand: (text: string) => void) {
  const [draft, setDraft] = useState<string | null>(null);
  const handed = useRef<string | null>(null);
  const latest = useRef(hand);
  latest.current = hand;
  useEffect(() => {
    if (draft === null || draft === handed.current) return;
    const timer = setTimeout(() => {
      handed.current = draft;
      latest.current(draft);
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [draft]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new value takes the place of the draft.
  useEffect(() => {
    // What was typed since it was handed over stays.
    setDraft((now) => (now === handed.current ? null : now));
    handed.current = null;
  }, [value]);
  const flush = () => {
    if (draft === null || draft === handed.current) return;
    handed.current = draft;
    latest.current(draft);
  };
  return { shown: draft ?? value, setDraft, flush };
}

export function TextField({ value, onValue, ...rest }: Draft<string>) {
  const { shown, setDraft, flush } = useDraft(value ?? "", (text) =>
    onValue(text.trim() === "" ? undefined : text.trim()),
  );
  return (
    <TextInput
      size="xs"
      {...rest}
      value={shown}
      onChange={(event) => setDraft(event.currentTarget.value)}
      onBlur={flush}
      onKeyDown={(event) => event.key === "Enter" && flush()}
    />
  );
}

/** A whole number from 1 on. */
export function NumberField({ value, onValue, ...rest }: Draft<number>) {
  const [bad, setBad] = useState(false);
  const { shown, setDraft, flush } = useDraft(value === undefined ? "" : String(value), (text) => {
    const number = Number(text);
    const fits = text.trim() === "" || (Number.isSafeInteger(number) && number > 0);
    setBad(!fits);
    if (fits) onValue(text.trim() === "" ? undefined : number);
  });
  return (
    <TextInput
      size="xs"
      inputMode="numeric"
      {...rest}
      error={bad ? "must be a whole number from 1 on" : rest.error}
      value={shown}
      onChange={(event) => setDraft(event.currentTarget.value)}
      onBlur={flush}
      onKeyDown={(event) => event.key === "Enter" && flush()}
    />
  );
}

/** A date with its time, in the zone that the reader has chosen. */
export function TimeField({ value, onValue, label, ...rest }: Draft<string>) {
  const [zone] = useZone();
  const { shown, setDraft, flush } = useDraft(fieldOf(value, zone), (text) =>
    onValue(momentOf(text, zone)),
  );
  return (
    <TextInput
      size="xs"
      type="datetime-local"
      step={1}
      {...rest}
      label={zone === "utc" ? <>{label} (UTC)</> : label}
      value={shown}
      onChange={(event) => setDraft(event.currentTarget.value)}
      onBlur={flush}
    />
  );
}
