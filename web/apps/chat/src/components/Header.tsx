import { phoneText, phoneUrl } from "../format";
import { words } from "../words";
import type { ConversationStatus, Location } from "../types";
import { PhoneIcon } from "./icons";

export function Header({ location, status }: { location: Location; status: ConversationStatus }) {
  return (
    <header className="header">
      <div className="header-inner">
        <span className="avatar" aria-hidden="true">
          {location.name.trim().charAt(0).toUpperCase()}
        </span>
        <div className="header-text">
          <h1 className="header-name">{location.name}</h1>
          <p className="header-status" role="status">
            {statusText(status)}
          </p>
        </div>
        {location.phone && (
          <a className="icon-button" href={phoneUrl(location.phone)} aria-label={words().call(location.name, phoneText(location.phone))}>
            <PhoneIcon />
          </a>
        )}
      </div>
    </header>
  );
}

function statusText({ owner, person_asked }: ConversationStatus): string {
  if (owner === "human") return words().statusHuman;
  return person_asked ? words().statusAsked : words().statusAssistant;
}
