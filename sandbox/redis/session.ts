/** One client: whether it may, which database it uses, and its transaction. */
import { DATA_COMMANDS, OK, integer } from "./commands";
import type { Database, Watcher } from "./database";
import { NOTHING_DONE, RedisError, Status, type Reply } from "./resp";

interface SessionCommand {
    arity: number;
    /** Runs at once even between MULTI and EXEC. */
    immediate?: boolean;
    run(session: Session, args: string[]): Reply;
}

const SESSION_COMMANDS: Readonly<Record<string, SessionCommand>> = {
    AUTH: { arity: -2, run: (session, args) => session.authenticate(args) },
    PING: { arity: -1, run: (_, args) => pong(args) },
    SELECT: { arity: 2, run: (session, [index]) => session.select(integer(index)) },
    MULTI: { arity: 1, immediate: true, run: (session) => session.begin() },
    EXEC: { arity: 1, immediate: true, run: (session) => session.execute() },
    DISCARD: { arity: 1, immediate: true, run: (session) => session.discard() },
    WATCH: { arity: -2, immediate: true, run: (session, keys) => session.watch(keys) },
    UNWATCH: { arity: 1, run: (session) => session.unwatch() },
};

export class Session implements Watcher {
    disturbed = false;
    private authenticated: boolean;
    private index = 0;
    private watched: { db: Database; key: string }[] = [];
    private queue?: (() => Reply)[];
    /** A command was refused while it was queued. */
    private spoilt = false;

    constructor(
        private readonly databases: readonly Database[],
        private readonly password: string | undefined,
    ) {
        this.authenticated = password === undefined;
    }

    /** Answers one request; an error is a reply like any other. */
    answer([word, ...args]: string[]): Reply {
        try {
            return this.dispatch(word, args);
        } catch (error) {
            if (!(error instanceof RedisError)) throw error;
            return error;
        }
    }

    private dispatch(word: string, args: string[]): Reply {
        const name = word.toUpperCase();
        const own = Object.hasOwn(SESSION_COMMANDS, name) ? SESSION_COMMANDS[name] : undefined;
        const data = Object.hasOwn(DATA_COMMANDS, name) ? DATA_COMMANDS[name] : undefined;
        const arity = (own ?? data)?.arity;
        if (arity === undefined) throw this.refused(unknown(word, args));
        if (arity > 0 ? args.length + 1 !== arity : args.length + 1 < -arity)
            throw this.refused(`ERR wrong number of arguments for '${name.toLowerCase()}' command`);
        if (!this.authenticated && name !== "AUTH") throw this.refused("NOAUTH Authentication required.");

        const run = () => (own ? own.run(this, args) : (data?.run(this.databases[this.index], args) ?? null));
        if (!this.queue || own?.immediate) return run();
        this.queue.push(run);
        return new Status("QUEUED");
    }

    private refused(message: string): RedisError {
        this.spoilt = true;
        return new RedisError(message);
    }

    authenticate(args: string[]): Reply {
        if (args.length > 2) throw new RedisError("ERR syntax error");
        const [user, password] = args.length === 2 ? args : ["default", args[0]];
        if (this.password === undefined && args.length === 1)
            throw new RedisError(
                "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
            );
        // only the default user exists; without a password any will do for it, as in Redis
        if (user !== "default" || (this.password !== undefined && password !== this.password))
            throw new RedisError("WRONGPASS invalid username-password pair or user is disabled.");
        this.authenticated = true;
        return OK;
    }

    select(index: number): Reply {
        if (index < 0 || index >= this.databases.length) throw new RedisError("ERR DB index is out of range");
        this.index = index;
        return OK;
    }

    begin(): Reply {
        if (this.queue) throw new RedisError("ERR MULTI calls can not be nested");
        this.queue = [];
        this.spoilt = false;
        return OK;
    }

    execute(): Reply {
        const queue = this.queue;
        if (!queue) throw new RedisError("ERR EXEC without MULTI");
        const spoilt = this.spoilt;
        this.queue = undefined;
        const disturbed = this.endWatch();
        if (spoilt) throw new RedisError("EXECABORT Transaction discarded because of previous errors.");
        if (disturbed) return NOTHING_DONE;
        return queue.map((run) => {
            try {
                return run();
            } catch (error) {
                if (!(error instanceof RedisError)) throw error;
                return error; // the others are carried out all the same
            }
        });
    }

    discard(): Reply {
        if (!this.queue) throw new RedisError("ERR DISCARD without MULTI");
        this.queue = undefined;
        this.endWatch();
        return OK;
    }

    watch(keys: string[]): Reply {
        if (this.queue) throw new RedisError("ERR WATCH inside MULTI is not allowed");
        const db = this.databases[this.index];
        for (const key of keys) {
            db.watch(key, this);
            this.watched.push({ db, key });
        }
        return OK;
    }

    unwatch(): Reply {
        this.endWatch();
        return OK;
    }

    /** Also for the end of a connection. @returns whether a watched key has changed, by its expiry too */
    endWatch(): boolean {
        for (const { db, key } of this.watched) db.unwatch(key, this);
        this.watched = [];
        const disturbed = this.disturbed;
        this.disturbed = false;
        return disturbed;
    }
}

function pong(args: string[]): Reply {
    if (args.length > 1) throw new RedisError("ERR wrong number of arguments for 'ping' command");
    return args[0] ?? new Status("PONG");
}

/** Redis quotes the name and the arguments up to 128 characters each. */
function unknown(word: string, args: string[]): string {
    let shown = "";
    for (const arg of args) {
        if (shown.length >= 128) break;
        shown += `'${arg.slice(0, 128 - shown.length)}' `;
    }
    return `ERR unknown command '${word.slice(0, 128)}', with args beginning with: ${shown}`;
}
