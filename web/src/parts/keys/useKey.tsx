// Gives the page one board of keys, and lets parts bind theirs for as long as they are shown.
import { useLocalStorage } from "@mantine/hooks";
import {
  createContext,
  type ReactNode,
  useContext,
  useEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { type Binding, type Board, createBoard, takesText } from "./board";

const BoardContext = createContext<Board>(createBoard());

/** Whether single keys do something; some who dictate or use switches want them off. */
export function useKeysOn(): [boolean, (on: boolean) => void] {
  const [value, set] = useLocalStorage<"on" | "off">({
    key: "postrider-keys",
    defaultValue: "on",
    getInitialValueInEffect: false,
  });
  return [value !== "off", (on) => set(on ? "on" : "off")];
}

export function Keys({ children }: { children: ReactNode }) {
  const [board] = useState(createBoard);
  const [on] = useKeysOn();
  useEffect(() => {
    if (!on) return;
    const pressed = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      // An open dialog has the keyboard to itself.
      if (takesText(event.target) || document.querySelector("dialog[open]")) return;
      if (event.key.length === 1 && board.press(event.key, event.timeStamp)) event.preventDefault();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, [board, on]);
  return <BoardContext value={board}>{children}</BoardContext>;
}

/** Binds keys while the component is shown. */
export function useKey(keys: string, words: string, run: () => void) {
  const board = useContext(BoardContext);
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => board.add({ keys, words, run: () => latest.current() }), [board, keys, words]);
}

export function useBindings(): readonly Binding[] {
  const board = useContext(BoardContext);
  return useSyncExternalStore(board.subscribe, board.list);
}
