// What each role may do, in words.
import type { Role } from "../../api/accounts";

export const ROLE_WORDS: Record<Role, { name: string; meaning: string }> = {
  viewer: { name: "Viewer", meaning: "sees everything but payloads" },
  payload_viewer: { name: "Payload viewer", meaning: "sees payloads, too" },
  editor: { name: "Editor", meaning: "changes what is sent where, and sends again" },
  admin: { name: "Admin", meaning: "decides who may do what" },
};

export const roleName = (role: string): string =>
  Object.hasOwn(ROLE_WORDS, role) ? ROLE_WORDS[role as Role].name : role;
