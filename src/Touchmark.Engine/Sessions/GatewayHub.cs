using System.Collections.Concurrent;
using Touchmark.Engine.Keys;
using Touchmark.Streaming;

namespace Touchmark.Engine.Sessions;

/// <summary>The gateways that are connected to this node, and whose turn each printer is. One coarse timer drives all sessions.</summary>
internal sealed class GatewayHub(SessionMetrics metrics, EngineKeys keys, TimeProvider time) : BackgroundService
{
    /// <summary>The state machines want time to pass at least this often.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentDictionary<Guid, Desk> desks = new();
    private readonly ConcurrentDictionary<PrintSession, bool> sessions = new();
    private PeriodicTimer? ticks;

    /// <summary>The gateway of a printer has connected.</summary>
    public event Action<Guid>? Arrived;

    /// <summary>The gateway of a printer has gone.</summary>
    public event Action<Guid>? Left;

    /// <summary>A printer is nobody's any more.</summary>
    public event Action<Guid>? Freed;

    /// <summary>Any of these, a job took the printer, or its gateway told of it.</summary>
    public event Action<Guid>? Changed;

    /// <summary>The connection of this printer's gateway, for its presence and the printer's last words; null while it is away.</summary>
    public GatewayLink? Find(Guid printerId) => desks.TryGetValue(printerId, out var desk) ? desk.Link : null;

    /// <summary>Whether this printer's gateway says, or said when it was last here, that a vault stands beside the printer.</summary>
    public bool HasVault(Guid printerId) => desks.TryGetValue(printerId, out var desk) && desk.HasVault;

    /// <summary>
    /// A gateway has proved who it is. An older connection of the same printer is closed: a gateway that lost its network comes back before we notice. A print that runs on
    /// the printer goes on over the new one.
    /// </summary>
    public void Arrive(GatewayLink link)
    {
        metrics.Connected(1);
        var desk = Of(link.PrinterId);
        link.Said += () => Changed?.Invoke(link.PrinterId);
        desk.Replace(link)?.Abort();
        desk.Session?.Reconnect(link);
        Arrived?.Invoke(link.PrinterId);
        Changed?.Invoke(link.PrinterId);
    }

    public void Leave(GatewayLink link)
    {
        metrics.Connected(-1);
        Of(link.PrinterId).Remove(link);
        Left?.Invoke(link.PrinterId);
        Changed?.Invoke(link.PrinterId);
    }

    /// <summary>Whether a job has the printer.</summary>
    public bool IsBusy(Guid printerId) => desks.TryGetValue(printerId, out var desk) && desk.IsTaken;

    /// <summary>The right to print on a printer; null while another job has it, or its gateway is away.</summary>
    public PrinterTurn? TryTake(Guid printerId)
    {
        var desk = Of(printerId);
        return desk.Link is { } link && desk.TryTake() ? Turn(printerId, desk, link) : null;
    }

    /// <summary>Runs a session from the offer to the end, over the printer's connection and those that follow it.</summary>
    public PrintSession Begin(PrinterTurn turn, SessionOrder order)
    {
        var session = Enter(turn, order, new EngineSession(order.Options), transport: "");
        session.Begin(Of(turn.PrinterId).Link ?? turn.Link!);
        return session;
    }

    /// <summary>The printer's turn for a print that ran on it before this process did; nothing else can have it yet.</summary>
    public PrinterTurn Reserve(Guid printerId)
    {
        var desk = Of(printerId);
        return desk.TryTake() ? Turn(printerId, desk, desk.Link) : throw new InvalidOperationException($"Two prints ran on printer {printerId}.");
    }

    /// <summary>Goes on with a session that an earlier process saved, once its gateway is there.</summary>
    public PrintSession Restore(PrinterTurn turn, SessionOrder order, SavedSessionRow saved)
    {
        var session = Enter(turn, order, SessionVault.Open(keys, saved, order.Options, Moment.Of(time)), saved.Transport);
        if (Of(turn.PrinterId).Link is { } link)
        {
            session.Reconnect(link);
        }

        return session;
    }

    /// <summary>The sessions that run.</summary>
    public IEnumerable<PrintSession> Sessions => sessions.Keys;

    public async Task CloseAsync(PrinterTurn turn, PrintSession session)
    {
        Of(turn.PrinterId).Session = null;
        if (sessions.TryRemove(session, out _))
        {
            metrics.Active(-1);
        }

        await session.CloseAsync();
    }

    /// <summary>Closes every connection; the gateways come back, here or to another node.</summary>
    public void CloseAll()
    {
        foreach (var desk in desks.Values)
        {
            desk.Link?.Finish();
        }
    }

    // ExecuteAsync begins on another thread, at some time after the engine answers: time that passes until then counts for sessions that were restored.
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        ticks = new PeriodicTimer(Tick, time);
        await base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        ticks?.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await ticks!.WaitForNextTickAsync(stoppingToken))
            {
                foreach (var (session, _) in sessions)
                {
                    session.Advance();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops; the sessions were stopped before.
        }
    }

    private PrintSession Enter(PrinterTurn turn, SessionOrder order, EngineSession machine, string transport)
    {
        var session = new PrintSession(order, machine, transport, keys, metrics, time);
        sessions[session] = true;
        metrics.Active(1);
        Of(turn.PrinterId).Session = session;
        Changed?.Invoke(turn.PrinterId);
        return session;
    }

    private PrinterTurn Turn(Guid printerId, Desk desk, GatewayLink? link) => new(printerId, link, () =>
    {
        desk.Free();
        Freed?.Invoke(printerId);
        Changed?.Invoke(printerId);
    });

    private Desk Of(Guid printerId) => desks.GetOrAdd(printerId, _ => new Desk());

    private sealed class Desk
    {
        private readonly Lock gate = new();
        private bool hadVault;
        private int taken;

        public bool IsTaken => Volatile.Read(ref taken) == 1;

        public GatewayLink? Link { get; private set; }

        /// <summary>What prints there; whoever has the turn sets it.</summary>
        public PrintSession? Session { get; set; }

        public bool HasVault
        {
            get
            {
                lock (gate)
                {
                    return Link?.HasVault ?? hadVault;
                }
            }
        }

        public bool TryTake() => Interlocked.Exchange(ref taken, 1) == 0;

        public void Free() => Volatile.Write(ref taken, 0);

        public GatewayLink? Replace(GatewayLink link)
        {
            lock (gate)
            {
                var old = Link;
                Link = link;
                return old;
            }
        }

        public void Remove(GatewayLink link)
        {
            lock (gate)
            {
                if (Link == link)
                {
                    hadVault = link.HasVault;
                    Link = null;
                }
            }
        }
    }
}

/// <summary>The right to print on one printer until it is disposed.</summary>
internal sealed class PrinterTurn(Guid printerId, GatewayLink? link, Action free) : IDisposable
{
    public Guid PrinterId => printerId;

    /// <summary>The connection when the turn came; null when nobody waited for one.</summary>
    public GatewayLink? Link => link;

    public void Dispose() => free();
}
