// The pages of the navigation, in its order, and the keys that go there.
import type { LinkProps } from "@tanstack/react-router";

export interface Page {
  to: NonNullable<LinkProps["to"]>;
  word: string;
  /** What follows `g`. */
  key: string;
}

export const PAGES: readonly Page[] = [
  { to: "/", word: "Overview", key: "o" },
  { to: "/live", word: "Live", key: "l" },
  { to: "/sources", word: "Sources", key: "s" },
  { to: "/destinations", word: "Destinations", key: "d" },
  { to: "/connections", word: "Connections", key: "c" },
  { to: "/deliveries", word: "Deliveries", key: "v" },
  { to: "/issues", word: "Issues", key: "i" },
  { to: "/replays", word: "Replays", key: "r" },
  { to: "/settings", word: "Settings", key: "t" },
];
