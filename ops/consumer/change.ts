import { readFileSync } from "node:fs";
import type { Algorithm } from "../../config/keys/consumers/credentials";
import type { Context } from "../context";
import { Failure, UsageError } from "../errors";
import { carryOut, type Plan } from "../stack/file-edit";
import { accessOf } from "../stack/cluster";
import { gatewayOf } from "../stack/gateway";
import { callersOf, findStack, readOutputs, type Stack } from "../stack/stack";
import { readValue, type Method } from "../stack/stack-file";
import { forget } from "./handed-out";
import { lookUp, planAdd, planRemove, planRevoke, planRotate } from "./plan";
import { probe, type Probe } from "./rejection-probe";

export interface ChangeArgs {
    stack?: string;
    apply?: boolean;
}

export interface AddArgs extends ChangeArgs {
    credential: string;
    /** Unset: the one that the stack's option has. */
    method?: Method;
    algorithm?: Algorithm;
    publicKeyFile?: string;
    expires?: string;
    requests?: number;
    perSeconds?: number;
    concurrent?: number;
}

export async function add(context: Context, name: string, args: AddArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    const { credential: id, algorithm, expires, requests, perSeconds, concurrent } = args;
    const method = args.method ?? (readValue(stack.text, "option") === "cloudflare" ? "service-token" : "key");
    const publicKey = readPublicKey(args.publicKeyFile);
    const given = { requests, perSeconds, concurrent };
    const limits = Object.values(given).every((n) => n === undefined)
        ? undefined
        : Object.fromEntries(Object.entries(given).filter(([, n]) => n !== undefined));
    const plan = planAdd(stack, name, { id, method, algorithm, publicKey, expires, limits }, context.today);
    // The id is new to the file, so a record of it is of an earlier credential, even when the run is finished by hand.
    const written = () => forget(context, stack, name, id);
    if (await carryOut(context, stack, plan, { apply: args.apply, written }))
        context.out(`\nDone. Next: npm run ops -- consumer handout ${name} ${id}${onStack(args)}`);
}

export interface RotateArgs extends ChangeArgs {
    successor?: string;
    overlapDays: number;
    publicKeyFile?: string;
    expires?: string;
}

export async function rotate(context: Context, name: string, id: string, args: RotateArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    const asked = { ...args, publicKey: readPublicKey(args.publicKeyFile) };
    const plan = planRotate(stack, name, id, asked, context.today);
    // In place it is the same credential with a secret that nobody has yet.
    const next = args.successor ?? id;
    const written = () => forget(context, stack, name, next);
    if (!(await carryOut(context, stack, plan, { apply: args.apply, written }))) return;
    context.out(`\nDone. Next: npm run ops -- consumer handout ${name} ${next}${onStack(args)}`);
    if (args.successor !== undefined)
        context.out(
            `When the caller has switched: npm run ops -- consumer revoke ${name} ${id}${onStack(args)} --apply`,
        );
}

export async function revoke(context: Context, name: string, id: string, args: ChangeArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    await stop(context, stack, name, [id], planRevoke(stack, name, id), args);
}

export async function remove(context: Context, name: string, args: ChangeArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    const ids =
        callersOf(stack)
            .find((c) => c.name === name)
            ?.credentials.map((c) => c.id) ?? [];
    await stop(context, stack, name, ids, planRemove(stack, name), args);
}

/** Takes credentials away, and proves at every gateway pod, or at the edge, that they are refused. */
async function stop(
    context: Context,
    stack: Stack,
    name: string,
    ids: string[],
    plan: Plan,
    args: ChangeArgs,
): Promise<void> {
    const probes: Probe[] = [];
    if (args.apply && plan.after !== undefined) {
        const outputs = await readOutputs(context, stack);
        const { namespace, pods } = await gatewayOf(context, stack);
        const edge = readValue(stack.text, "option") === "cloudflare";
        const proving = edge ? undefined : { access: await accessOf(context, stack), pods };
        const tried = { outputs, namespace, pods: proving, connectTo: context.connectTo };
        for (const id of ids) {
            const { credential } = lookUp(stack, name, id);
            probes.push(await probe(tried, `${name}/${id}`, credential?.publicKey));
        }
    }
    if (!(await carryOut(context, stack, plan, args))) return;
    ids.forEach((id) => forget(context, stack, name, id));
    context.out("");
    const proofs = await Promise.all(probes.map((probe) => probe.prove(context.refusalSeconds)));
    proofs.forEach((proof) => context.out(proof.text));
    if (proofs.some((proof) => proof.failed))
        throw new Failure(
            `${name}: every stopped credential must be seen to be refused (see above). The change itself is done.`,
        );
    context.out(`Done. Next: npm run ops -- consumer list --check${onStack(args)}`);
}

function onStack({ stack }: ChangeArgs): string {
    return stack === undefined ? "" : ` --stack ${stack}`;
}

function readPublicKey(file: string | undefined): string | undefined {
    if (file === undefined) return undefined;
    try {
        return readFileSync(file, "utf8").replaceAll("\r\n", "\n");
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        throw new UsageError([
            `--public-key-file: must be a file that can be read (got ${file}: ${code}). Correct the path.`,
        ]);
    }
}
