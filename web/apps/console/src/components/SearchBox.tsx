import { TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { type RefObject, useEffect, useState } from "react";

interface Props {
  label: string;
  value: string;
  onChange: (q: string) => void;
  /** In a dialog: typed into at once. */
  isFirst?: boolean;
  box?: RefObject<HTMLInputElement | null>;
}

export function SearchBox({ label, value, onChange, isFirst, box }: Props) {
  const [text, setText] = useState(value);
  const search = useDebouncedCallback(onChange, 300);
  // The address follows what is typed, without its outer blanks; only another search is taken from it.
  useEffect(() => setText((typed) => (typed.trim() === value ? typed : value)), [value]);
  return (
    <TextInput
      {...(box ? { ref: box } : {})}
      {...(isFirst ? { "data-autofocus": true } : {})}
      type="search"
      aria-label={label}
      placeholder="Search"
      size="md"
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        search(event.currentTarget.value.trim());
      }}
      onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
    />
  );
}
