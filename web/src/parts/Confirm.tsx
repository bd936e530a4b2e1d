// Asks once more before something that cannot be taken back by itself.
import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { Dialog } from "./Dialog";

interface Props {
  title: string;
  /** What is done, on the button that does it. */
  act: string;
  /** What is kept as it is, on the button beside it; without it only closing the dialog does that. */
  keep?: string;
  pending?: boolean;
  error?: Error | null;
  onSure: () => void;
  onClose: () => void;
  /** What follows of it. */
  children: ReactNode;
}

export function Confirm({ title, act, keep, pending, error, onSure, onClose, children }: Props) {
  return (
    <Dialog title={title} onClose={onClose}>
      <div className="conflicts">
        {children}
        {error && (
          <p role="alert" className="refused">
            {error.message}
          </p>
        )}
        <div className="confirm">
          <Button color="red.9" loading={pending ?? false} onClick={onSure}>
            {act}
          </Button>
          {keep !== undefined && (
            <Button variant="default" onClick={onClose}>
              {keep}
            </Button>
          )}
        </div>
      </div>
    </Dialog>
  );
}
