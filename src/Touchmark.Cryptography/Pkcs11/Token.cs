namespace Touchmark.Cryptography.Pkcs11;

/// <summary>
/// A token and a login to it. Several threads may use it: each operation takes a session out of a pool and gives it back. What was stale (a session that the
/// module forgot, a login that was lost) is renewed once, unseen; a token that is gone shows as an exception, and <see cref="Connect()"/> takes it up again.
/// </summary>
/// <remarks>
/// One session is kept for nothing but being open: when the last one closes, the token logs its user out (PKCS#11, C_CloseSession), and private objects are
/// then not refused but invisible.
/// </remarks>
public sealed unsafe class Token : IDisposable
{
    private const int MostSessions = 8;

    private readonly Lock _connecting = new();
    private readonly SemaphoreSlim _free = new(MostSessions);
    private readonly Pkcs11Module _module;
    private LockedBuffer _pin;
    private readonly string _label;
    private readonly string? _serial;
    private readonly TimeSpan _patience;
    private volatile Connection? _connection;
    private int _withheld;

    /// <param name="module">Where the token is.</param>
    /// <param name="label">Its label.</param>
    /// <param name="serial">Its serial number; null where the label is enough.</param>
    /// <param name="pin">The user's PIN; becomes the token's, which disposes it.</param>
    /// <param name="patience">How long an operation waits for a session while all are in use.</param>
    public Token(Pkcs11Module module, string label, string? serial, LockedBuffer pin, TimeSpan patience)
    {
        (_module, _label, _serial, _pin, _patience) = (module, label, serial, pin, patience);
    }

    /// <summary>What it says of itself; null until it was connected for the first time.</summary>
    public TokenInfo? Info { get; private set; }

    /// <summary>
    /// Finds the token, logs in and asks for its mechanisms. A wrong PIN costs one of the few attempts that a token allows: after such a refusal nobody should
    /// call this again with the same one.
    /// </summary>
    /// <exception cref="TokenAbsentException">It is not there.</exception>
    /// <exception cref="Pkcs11Exception">CKR_PIN_INCORRECT, CKR_PIN_LOCKED or whatever else it refuses with.</exception>
    public void Connect() => Connect(after: _connection);

    /// <summary>Takes another PIN for the next login, and disposes the one before.</summary>
    public void ChangePin(LockedBuffer pin)
    {
        lock (_connecting)
        {
            _pin.Dispose();
            _pin = pin;
        }
    }

    /// <summary>Whether it signs with this algorithm and makes keys for it.</summary>
    public bool Offers(SignatureAlgorithm algorithm) => Offers(TokenKeys.MechanismOf(algorithm)) && Offers(TokenKeys.GenerationOf(algorithm));

    public void Dispose()
    {
        lock (_connecting)
        {
            if (_connection is { } connection)
            {
                using (_module.Enter())
                    Drop(connection);
            }
            _connection = null;
            _pin.Dispose();
        }
    }

    internal bool Offers(nuint mechanism) => _connection?.Mechanisms.Contains(mechanism) ?? false;

    /// <summary>Runs an operation in a session. It has to stand being run twice: when the first session turns out to be stale, another one is tried.</summary>
    /// <exception cref="TokenAbsentException">The token was never connected, or is gone.</exception>
    /// <exception cref="TokenBusyException">No session became free.</exception>
    internal T Run<TState, T>(TState state, Func<Session, TState, T> work)
        where TState : allows ref struct
    {
        for (bool again = false; ; again = true)
        {
            Connection connection = _connection ?? throw new TokenAbsentException($"The token '{_label}' is not connected.");
            if (TryRun(connection, state, work, again, out T? result))
                return result!;
            Connect(after: connection);
        }
    }

    private bool TryRun<TState, T>(Connection connection, TState state, Func<Session, TState, T> work, bool again, out T? result)
        where TState : allows ref struct
    {
        result = default;
        using (_module.Enter())
        {
            if (connection.Generation != _module.Generation)
            {
                // Handles of an earlier initialisation may by now be somebody else's.
                return again ? throw new TokenAbsentException($"The token '{_label}' was taken away by a new start of its module.") : false;
            }
            Session session = Rent(connection);
            bool sound = false;
            try
            {
                result = work(session, state);
                return sound = true;
            }
            catch (Pkcs11Exception e) when (e.IsStale && !again)
            {
                return false;
            }
            finally
            {
                Return(session, sound);
            }
        }
    }

    private void Connect(Connection? after)
    {
        lock (_connecting)
        {
            if (!ReferenceEquals(_connection, after))
                return; // another thread was faster
            using (_module.Enter())
            {
                if (after is not null)
                {
                    _connection = null;
                    Drop(after);
                }
                (nuint slot, TokenInfo info) = _module.Find(_label, _serial)
                    ?? throw new TokenAbsentException($"There is no token with the label '{_label}'{(_serial is null ? "" : $" and the serial number '{_serial}'")}.");
                IReadOnlySet<nuint> mechanisms = _module.Mechanisms(slot);
                nuint anchor = Open(slot);
                try
                {
                    Login(anchor);
                }
                catch
                {
                    _ = _module.Functions->CloseSession(anchor);
                    throw;
                }
                _connection = new(slot, mechanisms, anchor, _module.Generation);
                Info = info;
                int withheld = Interlocked.Exchange(ref _withheld, 0);
                if (withheld > 0)
                    _free.Release(withheld);
            }
        }
    }

    private void Login(nuint session)
    {
        fixed (byte* pin = _pin.Span)
        {
            CkResult result = _module.Functions->Login(session, Flags.User, pin, (nuint)_pin.Length);
            if (result is not CkResult.CKR_USER_ALREADY_LOGGED_IN)
                Pkcs11Module.Check("C_Login", result);
        }
    }

    private nuint Open(nuint slot)
    {
        nuint handle = 0;
        Pkcs11Module.Check("C_OpenSession", _module.Functions->OpenSession(slot, Flags.SerialSession | Flags.ReadWriteSession, null, null, &handle));
        return handle;
    }

    private Session Rent(Connection connection)
    {
        while (true)
        {
            if (!_free.Wait(_patience))
                throw new TokenBusyException($"All sessions with the token have been in use for {_patience.TotalSeconds:0.###} s.");
            try
            {
                return connection.Take() ?? new Session(_module, Open(connection.Slot), connection);
            }
            catch (Pkcs11Exception e) when (e.Result is CkResult.CKR_SESSION_COUNT && Interlocked.Increment(ref _withheld) < MostSessions)
            {
                // The token allows fewer than we do: this place is withheld, and the next session that comes free is waited for.
            }
            catch (Exception e)
            {
                if (e is Pkcs11Exception { Result: CkResult.CKR_SESSION_COUNT })
                    Interlocked.Decrement(ref _withheld);
                _free.Release();
                throw;
            }
        }
    }

    private void Return(Session session, bool sound)
    {
        if (!sound || !session.Connection.Keep(session))
            session.Close();
        _free.Release();
    }

    /// <summary>Closes what is left of a connection. After a new start of the module its handles mean nothing, or somebody else's sessions. The module has to be entered.</summary>
    private void Drop(Connection connection)
    {
        List<Session> idle = connection.End();
        if (connection.Generation != _module.Generation)
            return;
        idle.ForEach(session => session.Close());
        _ = _module.Functions->CloseSession(connection.Anchor);
    }
}

/// <summary>One login to a token: handles of its sessions and objects are valid within it.</summary>
internal sealed class Connection(nuint slot, IReadOnlySet<nuint> mechanisms, nuint anchor, int generation)
{
    private readonly Stack<Session> _idle = new();
    private bool _ended;

    internal nuint Slot => slot;

    internal IReadOnlySet<nuint> Mechanisms => mechanisms;

    /// <summary>The session that keeps the login.</summary>
    internal nuint Anchor => anchor;

    /// <summary>The start of the module that it belongs to.</summary>
    internal int Generation => generation;

    internal Session? Take()
    {
        lock (_idle)
            return _idle.TryPop(out Session? session) ? session : null;
    }

    /// <summary>False when the connection has ended meanwhile.</summary>
    internal bool Keep(Session session)
    {
        lock (_idle)
        {
            if (!_ended)
                _idle.Push(session);
            return !_ended;
        }
    }

    internal List<Session> End()
    {
        lock (_idle)
        {
            _ended = true;
            List<Session> idle = [.. _idle];
            _idle.Clear();
            return idle;
        }
    }
}
