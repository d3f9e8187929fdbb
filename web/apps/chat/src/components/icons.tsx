/** Line icons, 24 by 24, drawn in the colour of the text; all of them are decoration. */
import type { ReactNode } from "react";

function Icon({ children }: { children: ReactNode }) {
  return (
    <svg
      className="icon"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

export const PhoneIcon = () => (
  <Icon>
    <path d="M6.6 3.500h2.300l1.500 4-2 1.600a12 12 0 0 0 6.500 6.500l1.600-2 4 1.500v2.300a2 2 0 0 1-2.200 2A16.500 16.500 0 0 1 4.600 5.700a2 2 0 0 1 2-2.200Z" />
  </Icon>
);

export const SendIcon = () => (
  <Icon>
    <path d="M12 19V5.500M6 11l6-6 6 6" />
  </Icon>
);

export const CalendarIcon = () => (
  <Icon>
    <rect x="4" y="5.500" width="16" height="14.500" rx="2.500" />
    <path d="M4 10h16M8.500 3.500v4M15.500 3.500v4" />
  </Icon>
);

export const PinIcon = () => (
  <Icon>
    <path d="M12 20.500s6.500-5.700 6.500-10.700a6.500 6.500 0 0 0-13 0c0 5 6.500 10.700 6.500 10.700Z" />
    <circle cx="12" cy="9.800" r="2.300" />
  </Icon>
);

export const ChevronIcon = () => (
  <Icon>
    <path d="m7 10 5 5 5-5" />
  </Icon>
);

export const DownIcon = () => (
  <Icon>
    <path d="M12 5.500V18M6.500 12.800 12 18.300l5.500-5.500" />
  </Icon>
);
