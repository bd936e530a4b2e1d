// A handler that memoised parts can keep, and that always does what today's does.
import { useRef } from "react";

export function useStable<Arguments extends unknown[]>(
  act: (...given: Arguments) => void,
): (...given: Arguments) => void {
  const latest = useRef(act);
  latest.current = act;
  return useRef((...given: Arguments) => latest.current(...given)).current;
}
