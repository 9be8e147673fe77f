import type { Noun } from "../arguments";
import { command as abort } from "./abort";
import { command as plan } from "./plan";
import { command as run } from "./run";
import { command as status } from "./status";

export const convert: Noun = {
    name: "convert",
    description: "Move Alpa into the cluster and back (options intra-a and intra-b)",
    commands: [plan, run, status, abort],
};
