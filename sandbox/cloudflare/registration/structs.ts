/**
 * Messages of the control stream, as structs of Cap'n Proto: the interface RegistrationServer of cloudflared 2026.8.2
 * (tunnelrpc/proto/tunnelrpc.capnp), with the fields that the emulators of edge and connector use. Numbers of fields follow Cap'n
 * Proto's layout: bytes for values, bits for booleans, and indexes for pointers.
 */
import { ObjectSize, Struct, utils } from "capnp-es";

export const REGISTRATION_SERVER = 0xf71695ec7fe85497n;
export const REGISTER_CONNECTION = 0;
export const UNREGISTER_CONNECTION = 1;
export const UPDATE_LOCAL_CONFIGURATION = 2;

const struct = (displayName: string, dataBytes: number, pointers: number) =>
    class extends Struct {
        static override readonly _capnp = { displayName, id: displayName, size: new ObjectSize(dataBytes, pointers) };
    };

export const RegisterParams = struct("registerConnection$Params", 8, 3);
export const RegisterResults = struct("registerConnection$Results", 0, 1);
/** Used as the parameters or results of a method that has none. */
export const Nothing = struct("Nothing", 0, 0);
const TunnelAuth = struct("TunnelAuth", 0, 2);
const ConnectionOptions = struct("ConnectionOptions", 8, 2);
const ClientInfo = struct("ClientInfo", 0, 4);
/** A union: the number at offset 0 says whether it has an error (0) or details (1). */
const ConnectionResponse = struct("ConnectionResponse", 8, 1);
const ConnectionError = struct("ConnectionError", 16, 1);
const ConnectionDetails = struct("ConnectionDetails", 8, 2);

export interface Registration {
    accountTag: string;
    tunnelId: string;
    /** Secret of the tunnel in base64, as in the token. */
    secret: string;
    connIndex: number;
    connectorId: string;
    version: string;
}

export interface Registered {
    connectionId: string;
    /** Airport code and number of the data center. */
    location: string;
}

/** A rejected registration. The connector gets the message, and retries only if the message contains "Unauthorized". */
export class Refused extends Error {}

const bytesAt = (index: number, from: Struct): Buffer => Buffer.from(utils.getData(index, from).toUint8Array());
const setBytes = (index: number, value: Uint8Array, to: Struct): void =>
    utils.initData(index, value.length, to).copyBuffer(value);
/** Text of a UUID, which the messages have as 16 bytes. */
const uuidAt = (index: number, from: Struct): string =>
    bytesAt(index, from)
        .toString("hex")
        .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
const setUuid = (index: number, text: string, to: Struct): void =>
    setBytes(index, Buffer.from(text.replaceAll("-", ""), "hex"), to);

export function readRegistration(params: Struct): Registration {
    const auth = utils.getStruct(0, TunnelAuth, params);
    const client = utils.getStruct(0, ClientInfo, utils.getStruct(2, ConnectionOptions, params));
    return {
        accountTag: utils.getText(0, auth),
        tunnelId: uuidAt(1, params),
        secret: bytesAt(1, auth).toString("base64"),
        connIndex: utils.getUint8(0, params),
        connectorId: uuidAt(0, client),
        version: utils.getText(2, client),
    };
}

export function writeRegistration(params: Struct, registration: Registration): void {
    const auth = utils.initStructAt(0, TunnelAuth, params);
    utils.setText(0, registration.accountTag, auth);
    setBytes(1, Buffer.from(registration.secret, "base64"), auth);
    setUuid(1, registration.tunnelId, params);
    utils.setUint8(0, registration.connIndex, params);
    const client = utils.initStructAt(0, ClientInfo, utils.initStructAt(2, ConnectionOptions, params));
    setUuid(0, registration.connectorId, client);
    utils.setText(2, registration.version, client);
}

/** @throws Refused */
export function readAnswer(results: Struct): Registered {
    const response = utils.getStruct(0, ConnectionResponse, results);
    if (utils.getUint16(0, response) === 0)
        throw new Refused(utils.getText(0, utils.getStruct(0, ConnectionError, response)));
    const details = utils.getStruct(0, ConnectionDetails, response);
    return { connectionId: uuidAt(0, details), location: utils.getText(1, details) };
}

export function writeAnswer(results: Struct, answer: Registered | Refused): void {
    const response = utils.initStructAt(0, ConnectionResponse, results);
    if (answer instanceof Refused)
        return utils.setText(0, answer.message, utils.initStructAt(0, ConnectionError, response));
    utils.setUint16(0, 1, response);
    const details = utils.initStructAt(0, ConnectionDetails, response);
    setUuid(0, answer.connectionId, details);
    utils.setText(1, answer.location, details);
    utils.setBit(0, true, details); // the rules of the tunnel come from the edge, not from a file of the connector
}
