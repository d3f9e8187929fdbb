import { browserLanguage, speak, words } from "../words";
import { useManage } from "../hooks/useManage";
import { rememberShop } from "../shop";
import { Banner } from "./Banner";
import { GonePage } from "./GonePage";
import { ManageCard } from "./ManageCard";

export function ManagePage({ token }: { token: string }) {
  const { state, api, changed } = useManage(token);
  speak(browserLanguage());
  if (state.phase === "gone") return <GonePage token={token} renewable={false} />;
  if (state.phase === "loading") {
    return (
      <main className="manage">
        {state.offline && <Banner>{words().calendarUnreachable}</Banner>}
        <div className="manage-card" role="status">
          <span className="visually-hidden">{words().loadingAppointment}</span>
          <span className="skeleton skeleton-line" />
          <span className="skeleton skeleton-line" />
          <span className="skeleton skeleton-line short" />
        </div>
      </main>
    );
  }
  rememberShop(token, state.view.appointment.location);
  return <ManageCard view={state.view} api={api} onChanged={changed} />;
}
