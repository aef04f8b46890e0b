using System.Security.Cryptography;
using Touchmark.Cryptography;
using Touchmark.Cryptography.Pkcs11;

namespace Touchmark.Vault.Hsm;

/// <summary>The vault's HSM behind a PKCS#11 module: any failure of it is a state with a reason, and <see cref="Reconnect"/> takes it up again.</summary>
internal sealed class VaultHsm : IVaultHsm, IDisposable
{
    private static readonly HsmFault Fine = new(HsmState.Ready, "", "", "");
    private static readonly HsmFault Empty = new(
        HsmState.Unprovisioned, "HSM_UNPROVISIONED", "No ceremony has made keys in the token.", "Hold the enrolment ceremony: touchmark-vault ceremony request.");
    private static readonly HsmFault Unreached = new(HsmState.Absent, "HSM_ABSENT", "The token has not been reached yet.", "Wait a few seconds.");

    private const string LayoutLabel = "touchmark/layout";
    private const byte Layout = 1;

    private readonly HsmOptions _options;
    private readonly Func<string, Pkcs11Module> _load;
    private readonly TpmCounter? _hardware;

    // Held by whoever connects, counts or changes keys; signing with a key takes none.
    private readonly Lock _gate = new();
    private volatile HsmFault _fault = Unreached;
    private volatile VaultKeys? _keys;
    private Pkcs11Module? _module;
    private Token? _token;
    private TokenLease? _lease;
    private TokenCounter? _counter;
    private DateTime? _refusedPin;

    private VaultHsm(HsmOptions options, Func<string, Pkcs11Module> load, TpmCounter? hardware)
    {
        (_options, _load, _hardware) = (options, load, hardware);
    }

    public HsmState State => _fault.State;

    public string Reason => _fault.Reason;

    /// <summary>What is wrong; its code is empty while nothing is.</summary>
    public HsmFault Fault => _fault;

    public TokenInfo? Token => _token?.Info;

    public VaultKeys? Keys => _keys;

    /// <summary>Opens the HSM; that it cannot be reached is a state and no exception.</summary>
    /// <exception cref="FormatException">The options name a TPM counter that is none.</exception>
    /// <param name="options">Where it is.</param>
    /// <param name="load">Lets a test put another module in front of the one that is named.</param>
    public static VaultHsm Open(HsmOptions options, Func<string, Pkcs11Module>? load = null)
    {
        var hsm = new VaultHsm(options, load ?? Pkcs11Module.Load, options.TpmCounter is { } counter ? new TpmCounter(counter) : null);
        hsm.Reconnect();
        return hsm;
    }

    public VaultKeys CreateKeys(string generation) => Guard(() =>
    {
        var set = new TokenKeySet(RequireToken());
        var made = set.Create(generation);
        if (set.Active() is null)
        {
            Use(set, generation, made);
        }
        return Watched(made);
    });

    public VaultKeys? KeysOf(string generation) => Guard(() => new TokenKeySet(RequireToken()).Find(generation) is { } keys ? Watched(keys) : null);

    public void UseKeys(string generation) => Guard(() =>
    {
        var set = new TokenKeySet(RequireToken());
        Use(set, generation, set.Find(generation) ?? throw new InvalidOperationException($"The token holds no keys of the generation '{generation}'."));
        return true;
    });

    public void DestroyKeys(string generation) => Guard(() =>
    {
        var set = new TokenKeySet(RequireToken());
        if (set.Active() == generation)
        {
            set.Use(null);
            (_keys, _fault) = (null, Empty);
        }
        set.Destroy(generation);
        return true;
    });

    public CounterReading ReadCounter() => Guard(() => RequireCounter().Read());

    public int Aside => _counter?.Returnable ?? 0;

    public long Increment(ManifestMark mark)
    {
        RequireUsable();
        return _counter?.TryTake() ?? Guard(() => RequireCounter().Increment(mark));
    }

    public void SetAside(ManifestMark mark)
    {
        if (_counter is not { IsLow: false })
        {
            Guard(() =>
            {
                RequireCounter().SetAside(mark);
                return true;
            });
        }
    }

    public void Confirm(ManifestMark mark) => Guard(() =>
    {
        RequireCounter().Confirm(mark);
        return true;
    });

    public void Reconnect()
    {
        if (!_gate.TryEnter(_options.Patience))
        {
            return; // a call hangs in the token: the state says so already, or will
        }
        try
        {
            // A wrong PIN is not tried again: the token counts.
            if (State is HsmState.Ready or HsmState.Unprovisioned || (_refusedPin is not null && _refusedPin == PinTime()))
            {
                return;
            }
            Connect();
            _refusedPin = null;
        }
        catch (Exception failure) when (HsmFault.Explains(failure))
        {
            Fail(failure);
        }
        finally
        {
            _gate.Exit();
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _lease?.Dispose();
            _token?.Dispose();
            _hardware?.Dispose();
        }
    }

    private void Connect()
    {
        _module ??= _load(_options.Module!);
        var pin = ReadPin();
        if (_token is null)
        {
            _token = new Token(_module, _options.TokenLabel ?? "", _options.TokenSerial, pin, _options.Patience);
        }
        else
        {
            _token.ChangePin(pin);
        }
        try
        {
            _token.Connect();
        }
        catch (Exception e) when (e is TokenAbsentException || (e is Pkcs11Exception refused && HsmFault.Of(refused).State is not HsmState.Locked))
        {
            // Many modules see a token that came back only when they begin anew.
            _module.Reinitialise(_options.Patience);
            _token.Connect();
        }
        RequireLayout(_token);
        if (_lease is null)
        {
            _lease = TokenLease.Take(_token, _options.LockFolder, _options.TakeOver);
            _counter = new TokenCounter(_token, _lease, _hardware);
        }
        _lease.Require();
        _counter!.Read();
        var set = new TokenKeySet(_token);
        if (set.Active() is not { } active)
        {
            _fault = Empty;
            return;
        }
        Adopt(set.Find(active) ?? throw new TokenAbsentException($"The token is there, and its keys '{active}' are not."));
    }

    /// <summary>
    /// Says in the token how it is laid out, before anything else is put into it. The object stays for good, which tpm2-pkcs11 needs, too: once the oldest object of
    /// a token was destroyed, it gives new ones the handles of others (1.9.0, token_add_tobject).
    /// </summary>
    private static void RequireLayout(Token token)
    {
        switch (token.ReadData(LayoutLabel))
        {
            case []:
                token.CreateData(LayoutLabel, [Layout]);
                break;
            case [[Layout], ..]:
                break;
            default:
                throw new HsmException(new HsmFault(
                    HsmState.Failing, "HSM_OTHER_LAYOUT", "The token was written by another version of the vault.", "Use the version that wrote it, or a newer one."));
        }
    }

    /// <summary>Takes keys into use that were found in the token. After an absence they have to be those of before, which stay: others hold on to their signers.</summary>
    private void Adopt(VaultKeys found)
    {
        // A token that lies is noticed before it is called ready.
        found.Primary.Signer.Sign("touchmark key check"u8, new byte[found.Primary.Signer.Algorithm.SignatureSize()]);
        if (_keys is { } known && !known.Primary.Signer.PublicKey.Span.SequenceEqual(found.Primary.Signer.PublicKey.Span))
        {
            throw new HsmException(new HsmFault(
                HsmState.Failing, "HSM_OTHER_KEYS", "The token that came back holds other keys than the one that went.", "Put the real token back, or restart the vault with this one."));
        }
        _keys ??= Watched(found);
        _fault = Fine;
    }

    private void Use(TokenKeySet set, string generation, VaultKeys keys)
    {
        set.Use(generation);
        (_keys, _fault) = (Watched(keys), Fine);
    }

    private T Guard<T>(Func<T> work)
    {
        if (!_gate.TryEnter(_options.Patience))
        {
            throw Fail(new TokenBusyException($"A call into the token has not come back for {_options.Patience.TotalSeconds:0.###} s."));
        }
        try
        {
            RequireUsable();
            return work();
        }
        catch (Exception failure) when (HsmFault.Explains(failure))
        {
            throw Fail(failure);
        }
        finally
        {
            _gate.Exit();
        }
    }

    private void RequireUsable()
    {
        if (_fault is { State: not (HsmState.Ready or HsmState.Unprovisioned) } fault)
        {
            throw new HsmException(fault);
        }
    }

    /// <summary>Makes a failure the state of the HSM, and an exception for whoever asked.</summary>
    private HsmException Fail(Exception failure)
    {
        var fault = HsmFault.Of(failure);
        _fault = fault;
        if (fault.Code is "HSM_PIN_WRONG" or "HSM_LOCKED")
        {
            _refusedPin = PinTime();
        }
        return failure as HsmException ?? new HsmException(fault, failure);
    }

    private VaultKeys Watched(VaultKeys keys) => new(Watched(keys.Primary), Watched(keys.Shadow), Watched(keys.ManifestEd25519), Watched(keys.ManifestMlDsa65));

    private HeldKey Watched(HeldKey key) => key.InToken ? key with { Signer = new WatchedSigner(this, key.Signer) } : key;

    private Token RequireToken() => _token ?? throw new HsmException(Unreached);

    private TokenCounter RequireCounter() => _counter ?? throw new HsmException(Unreached);

    private DateTime? PinTime() => _options.PinFile is { } file && File.Exists(file) ? File.GetLastWriteTimeUtc(file) : null;

    /// <summary>The PIN, without the end of the line that editors leave.</summary>
    private LockedBuffer ReadPin()
    {
        using var content = KeyFile.Read(_options.PinFile ?? throw new InvalidDataException("No PIN file was named."));
        var pin = content.Span.TrimEnd("\r\n"u8);
        return pin.Length > 0 ? LockedBuffer.CopyOf(pin) : throw new InvalidDataException($"The PIN file {_options.PinFile} is empty.");
    }

    /// <summary>A signer whose failures are the HSM's, and which asks nothing of an HSM that is known to fail.</summary>
    private sealed class WatchedSigner(VaultHsm hsm, ISigner signer) : ISigner
    {
        public SignatureAlgorithm Algorithm => signer.Algorithm;

        public ReadOnlyMemory<byte> PublicKey => signer.PublicKey;

        public ReadOnlyMemory<byte> KeyId => signer.KeyId;

        public void Sign(ReadOnlySpan<byte> message, Span<byte> signature)
        {
            hsm.RequireUsable();
            try
            {
                signer.Sign(message, signature);
            }
            catch (CryptographicException failure)
            {
                throw hsm.Fail(failure);
            }
        }
    }
}
