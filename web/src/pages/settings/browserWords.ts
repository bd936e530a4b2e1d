// What a browser calls itself, in words: which one, and on what. Strangers may write anything there.

const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdgA?\//, "Edge"],
  [/\bOPR\//, "Opera"],
  [/\bFirefox\//, "Firefox"],
  [/Chrom(e|ium)\//, "Chrome"],
  [/\bVersion\/.*\bSafari\//, "Safari"],
];

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\bWindows\b/, "Windows"],
  [/\bAndroid\b/, "Android"],
  [/\b(iPhone|iPad)\b/, "iOS"],
  [/\bMac OS X\b/, "macOS"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bLinux\b/, "Linux"],
];

const found = (agent: string, table: typeof BROWSERS) =>
  table.find(([sign]) => sign.test(agent))?.[1];

/** `Firefox on Linux`; what is no browser of these as it calls itself, up to its first space. */
export function browserWords(agent: string): string {
  const [browser, system] = [found(agent, BROWSERS), found(agent, SYSTEMS)];
  if (browser) return system ? `${browser} on ${system}` : browser;
  return agent.split(" ")[0] || "unknown";
}
