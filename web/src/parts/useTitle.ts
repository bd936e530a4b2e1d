// The title of the window; what strangers have put into it cannot reorder or hide the rest.
import { useEffect } from "react";
import { inPlainSight } from "./visible";

export function useTitle(words: string) {
  useEffect(() => {
    document.title = `${inPlainSight(words)} · Postrider`;
  }, [words]);
}
