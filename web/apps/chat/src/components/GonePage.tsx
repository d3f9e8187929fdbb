import { useEffect } from "react";

/** The same for unknown, forged and expired links, so it names no shop. */
export function GonePage() {
  useEffect(() => {
    document.title = "Link no longer valid";
  }, []);
  return (
    <main className="notice-page">
      <div className="notice">
        <span className="avatar avatar-large" aria-hidden="true">
          ?
        </span>
        <h1>This link is no longer valid</h1>
        <p>For your safety, personal links work for a limited time only.</p>
        <p>What you can do:</p>
        <ul>
          <li>Open the newest e-mail or text message from the shop and use the link in it.</li>
          <li>Reply to that message: your answer reaches the same conversation.</li>
          <li>Call the shop: the team can help you without a link.</li>
        </ul>
      </div>
    </main>
  );
}
