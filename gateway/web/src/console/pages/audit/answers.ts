/** An entry of the audit log. */
export interface Entry {
  number: number;
  at: string;
  hash: string;
  previous: string;
  by: { who: string; how: string; from: string | null; reference: string | null };
  deed: {
    action: string;
    object: string;
    outcome: string;
    changes: { field: string; before: string | null; after: string | null }[];
    more: number;
  };
}

export interface EntryPage {
  items: Entry[];
  next: number | null;
}
