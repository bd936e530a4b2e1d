// Light, dark, or as the system has it.
import { ActionIcon, useMantineColorScheme } from "@mantine/core";
import { Icon, type IconName } from "../Icon";

type Scheme = ReturnType<typeof useMantineColorScheme>["colorScheme"];

const SCHEMES: Record<Scheme, { word: string; icon: IconName; next: Scheme }> = {
  auto: { word: "as the system", icon: "system", next: "light" },
  light: { word: "light", icon: "sun", next: "dark" },
  dark: { word: "dark", icon: "moon", next: "auto" },
};

export function Appearance() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { word, icon, next } = SCHEMES[colorScheme];
  const label = `Appearance: ${word}. Switch to ${SCHEMES[next].word}`;
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="lg"
      aria-label={label}
      title={label}
      onClick={() => setColorScheme(next)}
    >
      <Icon name={icon} />
    </ActionIcon>
  );
}
