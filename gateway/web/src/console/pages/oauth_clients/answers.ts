import type { Problem } from "../../api";
import type { Role } from "../../session";

/** An application as the settings have it; members that this page does not know are kept as they are. */
export interface OauthClient {
  client_id: string;
  name: string;
  redirect_urls: string[];
  kind: "confidential" | "public";
  pkce_required: boolean;
  refresh: "with_access_token" | "refresh_token_only";
  native: boolean;
  /** As the whole deployment does where it is not set. */
  encrypt_tokens?: boolean | null;
  may_introspect: boolean;
  api_roles: Role[];
  disabled: boolean;
}

/** What is told once, when an application is made or gets a new secret. */
export interface Made {
  client_id: string;
  /** None where the application cannot keep one. */
  secret: string | null;
}

export const REDIRECT_URLS_MAX = 16;
export const NAME_CHARACTERS_MAX = 64;

/** What the node says of a member, or of one entry of a list. */
export function wrongAt(problem: Problem | null, field: string, place?: number): string | undefined {
  const found = problem?.errors.find((error) => {
    const [, name, at] = /(?:^|\.)(\w+)(?:\[(\d+)\])?$/.exec(error.field.replace(/\.(\d+)$/, "[$1]")) ?? [];
    return name === field && (place === undefined ? at === undefined : Number(at) === place);
  });
  return found?.message;
}

/** Whether every error that the node names has its place beside a field of the form. */
export function allAtFields(problem: Problem | null, fields: string[]): boolean {
  return problem !== null && problem.errors.length > 0
    && problem.errors.every((error) => fields.includes(error.field.replace(/(\[\d+\]|\.\d+)$/, "").split(".").at(-1) ?? ""));
}

/** Goes to the first field of a form that something is wrong with, once that is shown. */
export function focusWrong(form: HTMLFormElement | null): void {
  const before = document.activeElement;
  requestAnimationFrame(() => {
    // Whoever went elsewhere meanwhile stays there.
    if (document.activeElement === before) form?.querySelector<HTMLElement>("[aria-invalid]")?.focus();
  });
}
