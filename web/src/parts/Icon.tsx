// The icons of the dashboard, drawn here: sixteen units square, in the colour of the text around them.
import type { ReactNode } from "react";
import type { Shape } from "./words";

export type IconName =
  | Shape
  | "copy"
  | "done"
  | "sun"
  | "moon"
  | "system"
  | "resume"
  | "back"
  | "warning"
  | "close"
  | "search"
  | "filter";

const ring = <circle cx="8" cy="8" r="6.25" />;

const DRAWINGS: Record<IconName, ReactNode> = {
  tick: (
    <>
      {ring}
      <path d="M5.2 8.3l2 2 3.7-4.2" />
    </>
  ),
  clock: (
    <>
      {ring}
      <path d="M8 4.8V8l2.2 1.6" />
    </>
  ),
  cross: (
    <>
      {ring}
      <path d="M5.8 5.8l4.4 4.4m0-4.4l-4.4 4.4" />
    </>
  ),
  slash: (
    <>
      {ring}
      <path d="M3.7 12.3l8.6-8.6" />
    </>
  ),
  octagon: (
    <>
      <path d="M5.4 1.75h5.2l3.65 3.65v5.2l-3.65 3.65H5.4L1.75 10.6V5.4z" />
      <path d="M8 4.8v3.8m0 2.3v.3" />
    </>
  ),
  dot: <circle cx="8" cy="8" r="3" fill="currentColor" />,
  copy: (
    <>
      <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
      <path d="M10.5 3.5v-.2A1.3 1.3 0 0 0 9.2 2H3.8A1.8 1.8 0 0 0 2 3.8v5.4c0 .7.6 1.3 1.3 1.3h.2" />
    </>
  ),
  done: <path d="M3 8.5l3.3 3.3L13 4.6" />,
  sun: (
    <>
      <circle cx="8" cy="8" r="3" />
      <path d="M8 1.5v1.2m0 10.6v1.2M1.5 8h1.2m10.6 0h1.2M3.4 3.4l.9.9m7.4 7.4l.9.9m0-9.2l-.9.9m-7.4 7.4l-.9.9" />
    </>
  ),
  moon: <path d="M13.5 9.7A5.9 5.9 0 0 1 6.3 2.5a5.9 5.9 0 1 0 7.2 7.2z" />,
  system: (
    <>
      <rect x="1.75" y="2.75" width="12.5" height="8.5" rx="1.2" />
      <path d="M5.5 13.75h5" />
    </>
  ),
  pause: <path d="M5.5 3.5v9m5-9v9" />,
  resume: <path d="M5 3.2v9.6L12.5 8z" fill="currentColor" />,
  back: <path d="M9.8 3.3L5 8l4.8 4.7" />,
  close: <path d="M4 4l8 8m0-8l-8 8" />,
  search: (
    <>
      <circle cx="7" cy="7" r="4.5" />
      <path d="M10.4 10.4L14 14" />
    </>
  ),
  filter: <path d="M2.5 3.5h11L9.5 8.5V13l-3-1.6V8.5z" />,
  ring,
  hourglass: <path d="M4 2h8M4 14h8M5 2v2.4L8 8l3-3.6V2M5 14v-2.4L8 8l3 3.6V14" />,
  warning: (
    <>
      <path d="M8 2L1.6 13.4h12.8z" />
      <path d="M8 6.3v3.4m0 1.6v.3" />
    </>
  ),
};

/** Decorative: a word always stands beside it or in the label of its button. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {DRAWINGS[name]}
    </svg>
  );
}
