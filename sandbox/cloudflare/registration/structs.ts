/**
 * Messages of the control stream, as structs of Cap'n Proto: the interface RegistrationServer of cloudflared 2026.8.2
 * (tunnelrpc/proto/tunnelrpc.capnp), with the fields that the emulators of edge and connector use. Offsets follow Cap'n Proto's
 * layout: bytes for values, bits for booleans, and indexes for pointers.
 */
import { ObjectSize, Struct, utils } from "capnp-es";

export const REGISTRATION_SERVER = 0xf71695ec7fe85497n;
export const REGISTER_CONNECTION = 0;
export const UNREGISTER_CONNECTION = 1;
export const UPDATE_LOCAL_CONFIGURATION = 2;

const described = (displayName: string, dataBytes: number, pointers: number) => ({
    displayName,
    id: displayName,
    size: new ObjectSize(dataBytes, pointers),
});

function bytesAt(index: number, struct: Struct): Buffer {
    return Buffer.from(utils.getData(index, struct).toUint8Array());
}

function setBytes(index: number, value: Uint8Array, struct: Struct): void {
    utils.initData(index, value.length, struct).copyBuffer(value);
}

class TunnelAuth extends Struct {
    static override readonly _capnp = described("TunnelAuth", 0, 2);
    get accountTag(): string {
        return utils.getText(0, this);
    }
    set accountTag(value: string) {
        utils.setText(0, value, this);
    }
    get tunnelSecret(): Buffer {
        return bytesAt(1, this);
    }
    set tunnelSecret(value: Uint8Array) {
        setBytes(1, value, this);
    }
}

class ClientInfo extends Struct {
    static override readonly _capnp = described("ClientInfo", 0, 4);
    get clientId(): Buffer {
        return bytesAt(0, this);
    }
    set clientId(value: Uint8Array) {
        setBytes(0, value, this);
    }
    get version(): string {
        return utils.getText(2, this);
    }
    set version(value: string) {
        utils.setText(2, value, this);
    }
    set arch(value: string) {
        utils.setText(3, value, this);
    }
}

class ConnectionOptions extends Struct {
    static override readonly _capnp = described("ConnectionOptions", 8, 2);
    get client(): ClientInfo {
        return utils.getStruct(0, ClientInfo, this);
    }
    initClient(): ClientInfo {
        return utils.initStructAt(0, ClientInfo, this);
    }
}

export class RegisterParams extends Struct {
    static override readonly _capnp = described("registerConnection$Params", 8, 3);
    get auth(): TunnelAuth {
        return utils.getStruct(0, TunnelAuth, this);
    }
    initAuth(): TunnelAuth {
        return utils.initStructAt(0, TunnelAuth, this);
    }
    get tunnelId(): Buffer {
        return bytesAt(1, this);
    }
    set tunnelId(value: Uint8Array) {
        setBytes(1, value, this);
    }
    get connIndex(): number {
        return utils.getUint8(0, this);
    }
    set connIndex(value: number) {
        utils.setUint8(0, value, this);
    }
    get options(): ConnectionOptions {
        return utils.getStruct(2, ConnectionOptions, this);
    }
    initOptions(): ConnectionOptions {
        return utils.initStructAt(2, ConnectionOptions, this);
    }
}

class ConnectionError extends Struct {
    static override readonly _capnp = described("ConnectionError", 16, 1);
    get cause(): string {
        return utils.getText(0, this);
    }
    set cause(value: string) {
        utils.setText(0, value, this);
    }
}

class ConnectionDetails extends Struct {
    static override readonly _capnp = described("ConnectionDetails", 8, 2);
    get uuid(): Buffer {
        return bytesAt(0, this);
    }
    set uuid(value: Uint8Array) {
        setBytes(0, value, this);
    }
    get locationName(): string {
        return utils.getText(1, this);
    }
    set locationName(value: string) {
        utils.setText(1, value, this);
    }
    set tunnelIsRemotelyManaged(value: boolean) {
        utils.setBit(0, value, this);
    }
}

/** A union: it has either an error or details. The number at offset 0 says which of the two is set. */
class ConnectionResponse extends Struct {
    static override readonly _capnp = described("ConnectionResponse", 8, 1);
    get error(): ConnectionError | undefined {
        return utils.getUint16(0, this) === 0 ? utils.getStruct(0, ConnectionError, this) : undefined;
    }
    initError(): ConnectionError {
        utils.setUint16(0, 0, this);
        return utils.initStructAt(0, ConnectionError, this);
    }
    get details(): ConnectionDetails {
        return utils.getStruct(0, ConnectionDetails, this);
    }
    initDetails(): ConnectionDetails {
        utils.setUint16(0, 1, this);
        return utils.initStructAt(0, ConnectionDetails, this);
    }
}

export class RegisterResults extends Struct {
    static override readonly _capnp = described("registerConnection$Results", 0, 1);
    get result(): ConnectionResponse {
        return utils.getStruct(0, ConnectionResponse, this);
    }
    initResult(): ConnectionResponse {
        return utils.initStructAt(0, ConnectionResponse, this);
    }
}

/** Used as the parameters or results of a method that has none. */
export class Nothing extends Struct {
    static override readonly _capnp = described("Nothing", 0, 0);
}

/** Formats the 16 bytes of a UUID as text. */
export function uuidText(bytes: Buffer): string {
    return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export const uuidBytes = (text: string): Buffer => Buffer.from(text.replaceAll("-", ""), "hex");
