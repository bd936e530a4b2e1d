// A dialog on top of the page: the browser keeps the focus in it, and Escape closes it.
import { ActionIcon } from "@mantine/core";
import { type MouseEvent, type ReactNode, useEffect, useId, useRef } from "react";
import { Icon } from "./Icon";

interface Props {
  title: string;
  /** Whether the title is only for those who hear the page. */
  quiet?: boolean;
  onClose: () => void;
  children: ReactNode;
}

export function Dialog({ title, quiet = false, onClose, children }: Props) {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    element?.showModal();
    return () => {
      element?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  const onBackdrop = (event: MouseEvent) => {
    if (event.target === dialog.current) onClose();
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape does by keyboard what a click beside it does.
    <dialog
      ref={dialog}
      className="dialog"
      aria-labelledby={id}
      onClick={onBackdrop}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <div className="dialog-body">
        <div className="dialog-head" data-quiet={quiet || undefined}>
          <h2 id={id} className={quiet ? "offscreen" : undefined}>
            {title}
          </h2>
          {!quiet && (
            <ActionIcon variant="subtle" color="gray" aria-label="Close" onClick={onClose}>
              <Icon name="close" />
            </ActionIcon>
          )}
        </div>
        {children}
      </div>
    </dialog>
  );
}
