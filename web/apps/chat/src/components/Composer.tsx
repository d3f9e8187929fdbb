import { useLayoutEffect, useRef, useState } from "react";
import type { KeyboardEvent, SubmitEvent } from "react";

import { SendIcon } from "./icons";

const LONGEST = 4_000; // characters, the server's limit
const COUNT_FROM = 3_800;

/** Whether Enter only takes over what an input method (Japanese, Chinese ...) proposes. Safari says so by its key code alone. */
function endsComposition(event: KeyboardEvent): boolean {
  return event.nativeEvent.isComposing || event.keyCode === 229;
}

export function Composer({ onSend }: { onSend: (text: string) => void }) {
  const [text, setText] = useState("");
  const field = useRef<HTMLTextAreaElement>(null);
  const length = [...text].length;
  const sendable = text.trim() !== "" && length <= LONGEST;

  useLayoutEffect(() => {
    const box = field.current;
    if (!box) return;
    box.style.height = "auto";
    box.style.height = `${box.scrollHeight}px`;
  }, [text]);

  const send = (): void => {
    if (!sendable) return;
    onSend(text.trim());
    setText("");
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || event.shiftKey || endsComposition(event)) return;
    event.preventDefault();
    send();
  };
  const onSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    send();
  };

  return (
    <form className="composer" onSubmit={onSubmit}>
      <label className="visually-hidden" htmlFor="composer">
        Your message
      </label>
      <div className="composer-field">
        <textarea
          id="composer"
          ref={field}
          rows={1}
          value={text}
          placeholder="Write a message"
          autoComplete="off"
          enterKeyHint="send"
          aria-invalid={length > LONGEST}
          aria-describedby="composer-count"
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
        />
        <button type="submit" className="send" disabled={!sendable} aria-label="Send">
          <SendIcon />
        </button>
      </div>
      <p id="composer-count" className={`composer-count${length > LONGEST ? " over" : ""}`} hidden={length < COUNT_FROM}>
        {length.toLocaleString("en-US")} of 4,000 characters
      </p>
    </form>
  );
}
