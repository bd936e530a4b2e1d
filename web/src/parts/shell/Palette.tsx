// The palette: goes to any page, destination or source by name, and to whatever has a pasted id.
import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useId, useState } from "react";
import { Dialog } from "../Dialog";
import { Hostile } from "../Hostile";
import { type Known, type Offer, offers } from "./choices";

interface Props {
  known: Known;
  /** What was pasted or typed before it opened. */
  begin: string;
  onClose: () => void;
}

export function Palette({ known, begin, onClose }: Props) {
  const [text, setText] = useState(begin);
  const [at, setAt] = useState(0);
  const navigate = useNavigate();
  const list = useId();
  const found = offers(text, known);
  const chosen = Math.min(at, found.length - 1);
  const take = (offer: Offer | undefined) => {
    if (!offer) return;
    onClose();
    if (typeof offer.act === "function") offer.act();
    else void navigate(offer.act);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && found.length > 0) {
      event.preventDefault();
      setAt((chosen + step + found.length) % found.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      take(found[chosen]);
    }
  };
  return (
    <Dialog title="Go to" quiet onClose={onClose}>
      <input
        className="palette-text"
        type="text"
        role="combobox"
        aria-label="Go to a page, or open an id"
        aria-expanded={found.length > 0}
        aria-controls={list}
        aria-activedescendant={found.length > 0 ? `${list}-${chosen}` : undefined}
        placeholder="A page, a destination, or any id"
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div className="palette-list" role="listbox" id={list} aria-label="What was found">
        {found.map((offer, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the field's.
          // biome-ignore lint/a11y/useFocusableInteractive: as above.
          <div
            key={`${offer.kind} ${offer.text} ${offer.also}`}
            id={`${list}-${index}`}
            role="option"
            aria-selected={index === chosen}
            onClick={() => take(offer)}
            onMouseMove={() => setAt(index)}
          >
            <span className="palette-kind">{offer.kind}</span>
            <Hostile text={offer.text} />
          </div>
        ))}
      </div>
      <span className="offscreen" role="status">
        {found.length === 0 ? "Nothing found" : ""}
      </span>
      {found.length === 0 && <p className="palette-none">Nothing is called that</p>}
    </Dialog>
  );
}
