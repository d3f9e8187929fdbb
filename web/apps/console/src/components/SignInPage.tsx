import { Alert, Button, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useLocation, useRouter } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";

import { ApiError, api } from "../api";
import { useNow } from "../hooks";
import { changeMember } from "../queries";
import { errorText, linkErrorText, wait } from "../words";

const WANTED = "console.wanted"; // the page to go to once the mailed link was used, often in another tab

/** Seconds until the server takes another try; 0: at once. */
function useRefusedFor(error: Error | null, since: number): number {
  const now = useNow(1000);
  const seconds = error instanceof ApiError && error.status === 429 ? (error.retryAfterSeconds ?? 60) : 0;
  return Math.max(0, Math.ceil(seconds - (now.getTime() - since) / 1000));
}

export function SignInPage() {
  const [email, setEmail] = useState("");
  const { href } = useLocation();
  const [triedAt, setTriedAt] = useState(0);
  const login = useMutation({
    mutationFn: api.login,
    onMutate: () => localStorage.setItem(WANTED, href),
    onSettled: () => setTriedAt(Date.now()),
  });
  const refusedFor = useRefusedFor(login.error, triedAt);
  const ask = (event: FormEvent) => {
    event.preventDefault();
    login.mutate(email.trim());
  };
  if (login.isSuccess) {
    return (
      <main className="alone">
        <div className="card" role="status">
          <h1>Look in your inbox</h1>
          <p>
            If <strong>{email.trim()}</strong> works here, a link is on its way. It signs you in once and is good for 10
            minutes.
          </p>
          <p className="dimmed small">Nothing after a minute? Look in the spam folder, or ask the owner which address you have here.</p>
          <Button variant="light" onClick={() => login.reset()} size="md">
            Ask for another link
          </Button>
        </div>
      </main>
    );
  }
  return (
    <main className="alone">
      <form className="card" onSubmit={ask}>
        <h1>Sign in to the staff console</h1>
        <TextInput
          label="Your email address at the shop"
          type="email"
          name="email"
          autoComplete="email"
          required
          withAsterisk={false}
          size="md"
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        {login.isError && (
          <Alert color="red" role="alert">
            {refusedFor > 0 ? `Too many tries. Try again in ${wait(refusedFor)}.` : loginErrorText(login.error)}
          </Alert>
        )}
        <Button type="submit" size="md" loading={login.isPending} disabled={refusedFor > 0}>
          Mail me a sign-in link
        </Button>
        <p className="dimmed small">No password: the link in the mail signs you in on this device for 12 hours.</p>
      </form>
    </main>
  );
}

function loginErrorText(error: Error): string {
  if (error instanceof ApiError && error.status === 422) return "This is no email address. Check it and try again.";
  if (error instanceof ApiError && error.status === 429) return "You can try again now.";
  return errorText(error);
}

/**
 * What the mailed link opens. The code is used on a press, not on opening: programs that open the links of a mail to look
 * for harm would use it up.
 */
export function LinkPage({ code }: { code: string }) {
  const queries = useQueryClient();
  const router = useRouter();
  const [triedAt, setTriedAt] = useState(0);
  const leave = (to: string) => router.history.replace(to);
  const session = useMutation({
    mutationFn: () => api.openSession(code),
    onSuccess: (me) => {
      changeMember(queries, me);
      leave(wantedPage());
    },
    onSettled: () => setTriedAt(Date.now()),
  });
  const refusedFor = useRefusedFor(session.error, triedAt);
  const isUsedUp = session.error instanceof ApiError && [401, 422].includes(session.error.status);
  return (
    <main className="alone">
      <div className="card">
        <h1>{isUsedUp ? "This link does not work" : "Sign in to the staff console"}</h1>
        {session.isError ? (
          <Alert color="red" role="alert">
            {refusedFor > 0 ? `Too many tries. Try again in ${wait(refusedFor)}.` : linkErrorText(session.error)}
          </Alert>
        ) : (
          <p>You opened the link of your mail.</p>
        )}
        {isUsedUp ? (
          <Button size="md" onClick={() => leave("/console/inbox")}>
            Ask for a new link
          </Button>
        ) : (
          <Button
            size="md"
            autoFocus
            loading={session.isPending}
            disabled={refusedFor > 0}
            onClick={() => session.mutate()}
          >
            Sign in on this device
          </Button>
        )}
      </div>
    </main>
  );
}

/** Of this site and console only, whatever the store holds. */
function wantedPage(): string {
  const wanted = localStorage.getItem(WANTED) ?? "";
  localStorage.removeItem(WANTED);
  return /^\/(console\/)?(inbox|leads)(?=[/?]|$)/.test(wanted) ? `/console/${wanted.replace(/^\/(console\/)?/, "")}` : "/console/inbox";
}
