import { Button, Loader } from "@mantine/core";
import { Outlet, useSearch } from "@tanstack/react-router";

import { useMe } from "../queries";
import { errorText } from "../words";
import { LinkPage, SignInPage } from "./SignInPage";

/** Nothing is shown to somebody who is not signed in; the address stays, so that they get there afterwards. */
export function Root() {
  const me = useMe();
  const { code } = useSearch({ strict: false });
  if (code) return <LinkPage code={code} />;
  if (me.isPending) {
    return (
      <main className="alone">
        <Loader aria-label="Loading" />
      </main>
    );
  }
  if (me.isError) {
    return (
      <main className="alone">
        <div className="card">
          <h1>The console cannot be loaded</h1>
          <p>{errorText(me.error)}</p>
          <Button onClick={() => void me.refetch()} loading={me.isFetching}>
            Try again
          </Button>
        </div>
      </main>
    );
  }
  return me.data === null ? <SignInPage /> : <Outlet />;
}
