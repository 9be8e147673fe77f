import type { Noun } from "../arguments";
import { command as add } from "./add";
import { command as handout } from "./handout";
import { command as list } from "./list";
import { command as pruneExpired } from "./prune-expired";
import { command as remove } from "./remove";
import { command as revoke } from "./revoke";
import { command as rotate } from "./rotate";
import { command as setLimits } from "./set-limits";
import { command as show } from "./show";
import { command as usage } from "./usage";

export const consumer: Noun = {
    name: "consumer",
    description: "Manage callers and their credentials",
    commands: [...[list, show, add, handout, setLimits, rotate], ...[revoke, remove, pruneExpired, usage]],
};
