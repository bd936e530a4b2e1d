// The choice of a role, with what it may do.
import { NativeSelect } from "@mantine/core";
import { ROLES, type Role } from "../../api/accounts";
import { ROLE_WORDS } from "./roles";

interface Props {
  label: string;
  /** Whether the label is only for those who hear the page. */
  quiet?: boolean;
  value: Role;
  error?: string | undefined;
  disabled?: boolean;
  onChoose: (role: Role) => void;
}

export function RoleSelect({ label, quiet = false, value, error, disabled, onChoose }: Props) {
  return (
    <NativeSelect
      size="xs"
      {...(quiet ? { "aria-label": label } : { label, description: ROLE_WORDS[value].meaning })}
      value={value}
      error={error}
      disabled={disabled ?? false}
      onChange={(event) => onChoose(event.currentTarget.value as Role)}
      data={ROLES.map((role) => ({ value: role, label: ROLE_WORDS[role].name }))}
    />
  );
}
