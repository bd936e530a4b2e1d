// Holds a view still while the stream behind it goes on.
import { useState } from "react";

export interface Hold<View> {
  /** What to show: the live view, or the one at the moment of holding. */
  shown: View;
  held: boolean;
  /** Rows that came since. */
  missed: number;
  hold: () => void;
  release: () => void;
}

/** `receivedOf` counts the rows that came since the stream was opened. */
export function useHold<View>(view: View, receivedOf: (view: View) => number): Hold<View> {
  const [kept, setKept] = useState<{ view: View } | null>(null);
  return {
    shown: kept ? kept.view : view,
    held: kept !== null,
    missed: kept ? receivedOf(view) - receivedOf(kept.view) : 0,
    hold: () => setKept((before) => before ?? { view }),
    release: () => setKept(null),
  };
}
