// The frame of the pages before the dashboard: the name, one form, and what was refused of it.
import { type FormEvent, type ReactNode, useEffect } from "react";
import { Hostile } from "../../parts/Hostile";
import { Icon } from "../../parts/Icon";

interface Props {
  title: string;
  /** What was said no to, and why. */
  refused: string | undefined;
  onSubmit: () => void;
  children: ReactNode;
}

export function Gate({ title, refused, onSubmit, children }: Props) {
  useEffect(() => {
    document.title = `${title} · Postrider`;
  }, [title]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <main className="gate">
      <form className="gate-form" onSubmit={submit}>
        <p className="brand">
          <img src="/icon.svg" alt="" width="22" height="22" />
          Postrider
        </p>
        <h1>{title}</h1>
        {refused !== undefined && (
          <p className="refusal" role="alert">
            <Icon name="warning" />
            <Hostile text={refused} />
          </p>
        )}
        {children}
      </form>
    </main>
  );
}
