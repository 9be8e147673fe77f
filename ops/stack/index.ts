import type { Noun } from "../arguments";
import { command as apply } from "./apply/apply";
import { command as diff } from "./history/diff";
import { command as drift } from "./review/drift";
import { command as history } from "./history/history";
import { command as review } from "./apply/review";
import { command as rollback } from "./rollback/rollback";

export const stack: Noun = {
    name: "stack",
    description: "Review, apply and roll back changes of a stack",
    commands: [review, apply, drift, history, diff, rollback],
};
