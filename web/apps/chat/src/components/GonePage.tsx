import { useEffect, useState } from "react";

import { askForNewLink } from "../api";
import { phoneText, phoneUrl } from "../format";
import { shopOf } from "../shop";
import { words } from "../words";

interface Props {
  token: string;
  /** Of the chat; the link to an appointment ends with it. */
  renewable?: boolean;
}

/** The server answers the same for unknown, forged and expired links; whose it was, only this browser may still know. */
export function GonePage({ token, renewable = true }: Props) {
  const shop = shopOf(token);
  useEffect(() => {
    document.title = words().goneTitle;
  }, []);
  return (
    <main className="notice-page">
      <div className="notice">
        <h1>{words().goneTitle}</h1>
        <p>{words().goneWhy}</p>
        {renewable && <NewLink token={token} />}
        <p>{words().goneWhat}</p>
        <ul>
          <li>{words().goneNewest}</li>
          <li>{words().goneReply}</li>
          <li>
            {words().goneCall}
            {shop && (
              <>
                <br />
                {shop.name}: <a href={phoneUrl(shop.phone)}>{phoneText(shop.phone)}</a>
              </>
            )}
          </li>
        </ul>
      </div>
    </main>
  );
}

function NewLink({ token }: { token: string }) {
  const [state, setState] = useState<"idle" | "busy" | "sent" | "failed">("idle");
  const ask = (): void => {
    setState("busy");
    askForNewLink(token).then(
      () => setState("sent"),
      () => setState("failed"),
    );
  };
  if (state === "sent") return <p role="status">{words().goneSent}</p>;
  return (
    <>
      <button type="button" className="button button-primary" disabled={state === "busy"} onClick={ask}>
        {words().goneSend}
      </button>
      {state === "failed" && (
        <p className="form-error" role="alert">
          {words().linkFailed}
        </p>
      )}
    </>
  );
}
