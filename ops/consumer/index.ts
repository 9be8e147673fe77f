import type { Noun } from "../arguments";
import { command as add } from "./add";
import { command as expire } from "./expire";
import { command as expiring } from "./expiring";
import { command as handout } from "./handout";
import { command as importCommand } from "./import";
import { command as list } from "./list";
import { command as moveToFile } from "./move-to-file";
import { command as remove } from "./remove";
import { command as revoke } from "./revoke";
import { command as rotate } from "./rotate";

export const consumer: Noun = {
    name: "consumer",
    description: "Manage callers and their credentials",
    commands: [list, add, rotate, revoke, remove, expiring, expire, handout, importCommand, moveToFile],
};
