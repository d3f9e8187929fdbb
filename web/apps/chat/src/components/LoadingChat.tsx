import { words } from "../words";
import { Banner } from "./Banner";

export function LoadingChat({ offline }: { offline: boolean }) {
  return (
    <div className="app">
      <header className="header">
        <div className="header-inner">
          <span className="avatar skeleton" />
          <div className="header-text">
            <span className="skeleton skeleton-line" />
            <span className="skeleton skeleton-line short" />
          </div>
        </div>
      </header>
      {offline && <Banner>{words().chatUnreachable}</Banner>}
      <div className="log">
        <div className="log-content" role="status">
          <span className="visually-hidden">{words().loadingChat}</span>
          <span className="skeleton skeleton-bubble" />
          <span className="skeleton skeleton-bubble short" />
        </div>
      </div>
    </div>
  );
}
