import { useEffect } from "react";

import { browserLanguage, speak, words } from "../words";

/** What somebody sees who comes without a link: the address belongs to many shops, so it names none. */
export function HomePage() {
  speak(browserLanguage());
  useEffect(() => {
    document.title = words().homeTitle;
  }, []);
  return (
    <main className="notice-page">
      <div className="notice">
        <h1>{words().homeTitle}</h1>
        <p>{words().homeText}</p>
        <p>{words().homeLost}</p>
        <p>
          <a href="/console">{words().homeStaff}</a>
        </p>
      </div>
    </main>
  );
}
