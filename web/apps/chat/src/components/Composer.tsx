import { useLayoutEffect, useRef, useState } from "react";
import type { KeyboardEvent, SubmitEvent } from "react";

import { words } from "../words";
import { SendIcon } from "./icons";

const LONGEST = 4_000; // characters, the server's limit
const COUNT_FROM = 3_800;

/** Whether Enter only takes over what an input method (Japanese, Chinese ...) proposes. Safari says so by its key code alone. */
function endsComposition(event: KeyboardEvent): boolean {
  return event.nativeEvent.isComposing || event.keyCode === 229;
}

/** What was typed and not sent outlives a reload; `draftOf`: whose it is. */
const draftKey = (draftOf: string): string => `draft:${draftOf.slice(-12)}`;

export function Composer({ draftOf, onSend }: { draftOf: string; onSend: (text: string) => void }) {
  const [text, setText] = useState(() => sessionStorage.getItem(draftKey(draftOf)) ?? "");
  const field = useRef<HTMLTextAreaElement>(null);
  const length = [...text].length;
  const sendable = text.trim() !== "" && length <= LONGEST;

  useLayoutEffect(() => {
    const box = field.current;
    if (!box) return;
    box.style.height = "auto";
    box.style.height = `${box.scrollHeight}px`;
    if (text) sessionStorage.setItem(draftKey(draftOf), text);
    else sessionStorage.removeItem(draftKey(draftOf));
  }, [text, draftOf]);

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
        {words().yourMessage}
      </label>
      <div className="composer-field">
        <textarea
          id="composer"
          ref={field}
          rows={1}
          value={text}
          placeholder={words().placeholder}
          autoComplete="off"
          enterKeyHint="send"
          aria-invalid={length > LONGEST}
          aria-describedby="composer-count"
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
        />
        <button type="submit" className="send" disabled={!sendable} aria-label={words().send}>
          <SendIcon />
        </button>
      </div>
      <p id="composer-count" className={`composer-count${length > LONGEST ? " over" : ""}`} hidden={length < COUNT_FROM}>
        {words().characters(length.toLocaleString("en-US"))}
      </p>
    </form>
  );
}
