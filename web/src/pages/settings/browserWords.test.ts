// Browsers are told apart by what they call themselves, though all of them name the others, too.
import { expect, it } from "vitest";
import { browserWords } from "./browserWords";

const KIT = "AppleWebKit/537.36 (KHTML, like Gecko)";

it.each([
  ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"],
  [
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${KIT} Chrome/150.0 Safari/537.36`,
    "Chrome on Windows",
  ],
  [`Mozilla/5.0 (X11; Linux x86_64) ${KIT} HeadlessChrome/150.0 Safari/537.36`, "Chrome on Linux"],
  [`Mozilla/5.0 (Windows NT 10.0) ${KIT} Chrome/150.0 Safari/537.36 Edg/150.0`, "Edge on Windows"],
  [`Mozilla/5.0 (Linux; Android 16) ${KIT} Chrome/150.0 Mobile Safari/537.36`, "Chrome on Android"],
  [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1 Version/26.0 Safari/605.1",
    "Safari on macOS",
  ],
  [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1 Version/26.0 Safari/604.1",
    "Safari on iOS",
  ],
  ["curl/8.15.0", "curl/8.15.0"],
  ["", "unknown"],
])("%s is %s", (agent, words) => expect(browserWords(agent)).toBe(words));
