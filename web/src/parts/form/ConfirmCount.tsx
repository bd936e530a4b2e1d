// The button that does something to many at once; above a bound the number must be typed first.
import { Button, TextInput } from "@mantine/core";
import { useState } from "react";
import { exact } from "../format";

/** From here on a slip of the hand costs too much. Source: chosen. */
export const TYPED_FROM = 10_001;

interface Props {
  count: number;
  /** What the button says, with the number in it. */
  caption: string;
  pending: boolean;
  onConfirm: () => void;
}

export function ConfirmCount({ count, caption, pending, onConfirm }: Props) {
  const [typed, setTyped] = useState("");
  const asks = count >= TYPED_FROM;
  const fits = !asks || typed.replace(/[\s,.]/g, "") === String(count);
  return (
    <div className="confirm">
      {asks && (
        <TextInput
          size="xs"
          label={`Type ${exact(count)} to confirm`}
          inputMode="numeric"
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
      )}
      <Button size="sm" disabled={count === 0 || !fits} loading={pending} onClick={onConfirm}>
        {caption}
      </Button>
    </div>
  );
}
