// The look that Mantine's components take: the accent colour, the system's own fonts, a small base size.
import { Button, createTheme, type MantineColorsTuple } from "@mantine/core";

const harbour: MantineColorsTuple = [
  "#e6f6f8",
  "#cfeaee",
  "#9fd5dd",
  "#6abfcb",
  "#42acbb",
  "#259cad",
  "#0f8293",
  "#0b6b78",
  "#085764",
  "#04424d",
];

/** Greys with the same hint of blue as the surfaces in dashboard.css. */
const dark: MantineColorsTuple = [
  "#d3d9dc",
  "#b6bfc4",
  "#8b969d",
  "#5f6a71",
  "#3a4349",
  "#2a3035",
  "#20262a",
  "#181c1f",
  "#13171a",
  "#0e1113",
];

export const theme = createTheme({
  colors: { harbour, dark },
  primaryColor: "harbour",
  primaryShade: { light: 7, dark: 6 },
  fontFamily:
    'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif',
  fontFamilyMonospace:
    'ui-monospace, "SF Mono", "Cascadia Code", "Roboto Mono", "DejaVu Sans Mono", monospace',
  fontSizes: { xs: "12px", sm: "13px", md: "14px", lg: "16px", xl: "20px" },
  defaultRadius: "sm",
  cursorType: "pointer",
  respectReducedMotion: true,
  components: { Button: Button.extend({ styles: { label: { fontWeight: 500 } } }) },
});
