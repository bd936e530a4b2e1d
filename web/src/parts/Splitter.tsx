// The line between a list and its detail: moved by the pointer and by keys. How far is remembered while
// the dashboard is open, and nowhere else.
import { type CSSProperties, type KeyboardEvent, type PointerEvent, useState } from "react";

/** The part of the list, in percent. */
export const SHARE = { min: 25, max: 75, start: 50, step: 2 } as const;

export const clamped = (share: number) =>
  Math.round(Math.min(SHARE.max, Math.max(SHARE.min, share)));

let remembered: number = SHARE.start;

export interface Split {
  share: number;
  /** Takes any number, and keeps to what is allowed. */
  turnTo: (share: number) => void;
  /** For the element that has both sides and the line. */
  style: CSSProperties;
}

export function useSplit(): Split {
  const [share, setShare] = useState(remembered);
  const turnTo = (next: number) => {
    remembered = clamped(next);
    setShare(remembered);
  };
  return { share, turnTo, style: { "--list": `${share}%` } as CSSProperties };
}

/** Where a key leads; null where it leads nowhere. */
export function shareAfter(key: string, share: number): number | null {
  switch (key) {
    case "ArrowLeft":
      return clamped(share - SHARE.step);
    case "ArrowRight":
      return clamped(share + SHARE.step);
    case "Home":
      return SHARE.min;
    case "End":
      return SHARE.max;
    case "Enter":
      return SHARE.start;
    default:
      return null;
  }
}

export function Splitter({ share, turnTo, label }: Omit<Split, "style"> & { label: string }) {
  const pressed = (event: KeyboardEvent) => {
    const next = shareAfter(event.key, share);
    if (next === null) return;
    event.preventDefault();
    event.stopPropagation();
    turnTo(next);
  };
  const moved = ({ currentTarget, pointerId, clientX }: PointerEvent<HTMLElement>) => {
    const both = currentTarget.parentElement?.getBoundingClientRect();
    if (!both || !currentTarget.hasPointerCapture(pointerId)) return;
    turnTo(((clientX - both.left) / both.width) * 100);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a separator that can be moved is no thematic break.
    <div
      className="splitter"
      role="separator"
      tabIndex={0}
      aria-label={label}
      aria-orientation="vertical"
      aria-valuenow={share}
      aria-valuemin={SHARE.min}
      aria-valuemax={SHARE.max}
      aria-valuetext={`${share} %`}
      title="Drag, or press the arrow keys; Enter halves"
      onKeyDown={pressed}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={moved}
      onDoubleClick={() => turnTo(SHARE.start)}
    />
  );
}
