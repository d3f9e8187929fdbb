import { ChatPage } from "./components/ChatPage";
import { HomePage } from "./components/HomePage";
import { ManagePage } from "./components/ManagePage";
import { routeOf } from "./route";

export function App({ path }: { path: string }) {
  const route = routeOf(path);
  if (route.page === "chat") return <ChatPage token={route.token} />;
  if (route.page === "manage") return <ManagePage token={route.token} />;
  return <HomePage />;
}
