import { useManage } from "../hooks/useManage";
import { Banner } from "./Banner";
import { GonePage } from "./GonePage";
import { ManageCard } from "./ManageCard";

export function ManagePage({ token }: { token: string }) {
  const { state, api, cancelled } = useManage(token);
  if (state.phase === "gone") return <GonePage />;
  if (state.phase === "loading") {
    return (
      <main className="manage">
        {state.offline && <Banner>We cannot reach the shop’s calendar right now. Trying again…</Banner>}
        <div className="manage-card" role="status">
          <span className="visually-hidden">Loading your appointment</span>
          <span className="skeleton skeleton-line" />
          <span className="skeleton skeleton-line" />
          <span className="skeleton skeleton-line short" />
        </div>
      </main>
    );
  }
  return <ManageCard view={state.view} api={api} onCancelled={cancelled} />;
}
