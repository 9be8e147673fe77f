import { connectToPod, type PodConnection } from "../kubernetes/pod-connection";
import type { PlainAccess } from "../kubernetes/api-server";

// etcd's JSON gateway (3.6: https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/), through the API server's port-forwarding.
// The image has no shell for scripts, and a password is sent in a body, never on a command line.
//
// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

/** The pods of one etcd, any of which may be queried. */
export interface EtcdPlace {
    namespace: string;
    pods: string[];
}

/** A connection to one member. */
export interface EtcdMember {
    /** Whether etcd requires a password. */
    asks: boolean;
    /** @throws EtcdError with etcd's message and code */
    call(path: string, body: object): Promise<EtcdReply>;
    close(): void;
}

/** Fields of etcd's answers that this project reads. */
export interface EtcdReply {
    token?: string;
}

/** An error whose field `etcd` is etcd's own message. */
export type EtcdError = Error & { etcd?: string };

const CLIENT = 2379;

/**
 * Connects to a member that answers, as the user root if etcd requires a password.
 * @throws EtcdError if etcd rejects the password, see {@link isRejected}; Error if no member answers
 */
export async function openEtcd(access: PlainAccess, place: EtcdPlace, password: string): Promise<EtcdMember> {
    let last: Error = new Error(`etcd in ${place.namespace}: it has no pods`);
    for (const pod of place.pods) {
        const connection = connectToPod(access, { namespace: place.namespace, pod, port: CLIENT });
        try {
            const token = await signIn(connection, pod, password);
            return {
                asks: token !== undefined,
                call: (path, body) => ask(connection, pod, path, body, token),
                close: connection.close,
            };
        } catch (error) {
            connection.close();
            if (isRejected(error as Error)) throw error;
            last = error as Error;
        }
    }
    throw last;
}

/** Whether etcd has rejected the password. */
export function isRejected(error: EtcdError): boolean {
    return error.etcd?.includes("authentication failed") ?? false;
}

/** @returns the token; undefined if etcd requires no password */
async function signIn(connection: PodConnection, pod: string, password: string): Promise<string | undefined> {
    try {
        return (await ask(connection, pod, "auth/authenticate", { name: "root", password })).token;
    } catch (error) {
        if ((error as EtcdError).etcd?.includes("authentication is not enabled")) return undefined;
        throw error;
    }
}

async function ask(
    connection: PodConnection,
    pod: string,
    path: string,
    body: object,
    token?: string,
): Promise<EtcdReply> {
    const headers = { "Content-Type": "application/json", ...(token === undefined ? {} : { Authorization: token }) };
    const answer = await connection.request({
        method: "POST",
        path: `/v3/${path}`,
        headers,
        body: JSON.stringify(body),
    });
    // An answer that is not JSON does not come from etcd.
    let said: EtcdReply & { message?: string } = {};
    try {
        said = JSON.parse(answer.body);
    } catch {
        throw new Error(`etcd ${pod}: ${path}: answered ${answer.status} without JSON`);
    }
    if (answer.status === 200) return said;
    const why = said.message ?? `answered ${answer.status}`;
    throw Object.assign(new Error(`etcd ${pod}: ${path}: ${why}`), { etcd: why });
}

/** Makes etcd require the password of its user root. Safe to repeat after an interrupted run. */
export async function enablePassword(member: EtcdMember, password: string): Promise<void> {
    const root = { name: "root", password };
    await member.call("auth/user/add", root).catch(async (error: EtcdError) => {
        if (!error.etcd?.includes("already exists")) throw error;
        await member.call("auth/user/changepw", root);
    });
    await member.call("auth/user/grant", { user: "root", role: "root" });
    await member.call("auth/enable", {});
}
