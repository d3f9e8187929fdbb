import { createTheme, type MantineColorsTuple, Modal, Popover } from "@mantine/core";

/** The customer's page has the same accent. Their CSS variables are in `styles/theme.css`. */
const brand: MantineColorsTuple = [
  "#e6f3f5",
  "#cfe6ea",
  "#a3cfd7",
  "#7fd0dd",
  "#4fa2b1",
  "#2f8c9d",
  "#14707f",
  "#0b5d6b",
  "#094e5a",
  "#073e48",
];

export const theme = createTheme({
  primaryColor: "brand",
  primaryShade: { light: 7, dark: 6 },
  colors: { brand },
  defaultRadius: "md",
  cursorType: "pointer",
  components: {
    ModalRoot: Modal.Root.extend({ defaultProps: { transitionProps: { duration: 0 } } }),
    Popover: Popover.extend({ defaultProps: { transitionProps: { duration: 0 } } }),
  },
});
