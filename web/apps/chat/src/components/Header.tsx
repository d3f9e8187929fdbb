import { phoneUrl } from "../format";
import type { ConversationStatus, Location } from "../types";
import { PhoneIcon } from "./icons";

export function Header({ location, status }: { location: Location; status: ConversationStatus }) {
  const human = status.owner === "human";
  return (
    <header className="header">
      <div className="header-inner">
        <span className="avatar" aria-hidden="true">
          {location.name.trim().charAt(0).toUpperCase()}
        </span>
        <div className="header-text">
          <h1 className="header-name">{location.name}</h1>
          <p className="header-status" role="status">
            {human ? "Our team answers here · the assistant is paused" : "Virtual assistant (AI) · a person can step in"}
          </p>
        </div>
        {location.phone && (
          <a className="icon-button" href={phoneUrl(location.phone)} aria-label={`Call ${location.name}, ${location.phone}`}>
            <PhoneIcon />
          </a>
        )}
      </div>
    </header>
  );
}
