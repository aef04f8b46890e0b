namespace Touchmark.VirtualPrinter;

/// <summary>The physics of one heated body: first order, with a loss that a fan can raise. Degrees C, seconds.</summary>
internal sealed class ThermalBody(double fullPowerRise, double timeConstant, double sensorLag)
{
    private double sensor = Machine.Ambient;
    private double strength = 1;
    private double at;

    public double Temperature { get; private set; } = Machine.Ambient;

    /// <summary>Heating power, 0 to 1.</summary>
    public double Power { get; set; }

    /// <summary>How much faster heat is lost than in still air.</summary>
    public double Draught { get; set; } = 1;

    /// <summary>Power no longer becomes heat (a loose cartridge).</summary>
    public bool IsHeaterBroken { get; set; }

    /// <summary>From now on full power holds no more than <paramref name="most"/> in such a draught (a worn cartridge, a low supply).</summary>
    public void Weaken(double most, double draught) => strength = Math.Clamp((most - Machine.Ambient) * draught / (fullPowerRise * timeConstant), 0, 1);

    /// <summary>What the thermistor shows at <paramref name="now"/>; closed form since the last call.</summary>
    public double Advance(double now)
    {
        var elapsed = Math.Max(0, now - at);
        at = now;
        if (elapsed == 0)
            return sensor;
        var tau = timeConstant / Draught;
        var rise = IsHeaterBroken ? 0 : Power * strength * fullPowerRise;
        var settled = Machine.Ambient + rise * tau;
        Temperature = settled + (Temperature - settled) * Math.Exp(-elapsed / tau);
        sensor = Temperature + (sensor - Temperature) * Math.Exp(-elapsed / sensorLag);
        return sensor;
    }
}

/// <summary>A heater under PID control, as Klipper's <c>heaters.py</c> runs it: a reading every 0.3 s, power from 0 to 1, and a watch on its progress.</summary>
internal sealed class Heater
{
    /// <summary>Seconds between readings of a thermistor.</summary>
    public const double ReportTime = 0.300;

    private const double SmoothTime = 1.0;
    private const int FaultsToShutDown = 4;

    private readonly ThermalBody body;
    private readonly Func<double> noise;
    private readonly double kp;
    private readonly double ki;
    private readonly double kd;
    private readonly double minExtrude;
    private readonly double checkGainTime;
    private double integral;
    private double previousDerivative;
    private double previousTemperature;
    private double previousTime;
    private double goalTemperature;
    private double goalTime;
    private bool approaching;
    private bool sensorOpen;
    private bool isCut;
    private int faults;

    public Heater(string name, PrinterConfig config, ThermalBody body, Func<double> noise, double now)
    {
        Name = name;
        this.body = body;
        this.noise = noise;
        MinTemperature = config.Number(name, "min_temp");
        MaxTemperature = config.Number(name, "max_temp");
        kp = config.Number(name, "pid_kp") / 255;
        ki = config.Number(name, "pid_ki") / 255;
        kd = config.Number(name, "pid_kd") / 255;
        minExtrude = config.Number(name, "min_extrude_temp");
        checkGainTime = config.Number("verify_heater " + name, "check_gain_time");
        Temperature = previousTemperature = body.Advance(now);
        previousTime = now;
    }

    public string Name { get; }

    public double MinTemperature { get; }

    public double MaxTemperature { get; }

    /// <summary>The smoothed reading that clients see.</summary>
    public double Temperature { get; private set; }

    public double Target { get; private set; }

    public double Power { get; private set; }

    public bool CanExtrude => Temperature >= minExtrude;

    /// <summary>Whether a wait for the target must go on: not near it, or still moving.</summary>
    public bool IsBusy => Target > 0 && (Math.Abs(Target - Temperature) > 1 || Math.Abs(previousDerivative) > 0.1);

    public void SetTarget(double target, double now)
    {
        if (target != 0 && (target < MinTemperature || target > MaxTemperature))
        {
            throw new CommandError(FormattableString.Invariant(
                $"Requested temperature ({target:F1}) out of range ({MinTemperature:F1}:{MaxTemperature:F1})"));
        }

        Target = target;
        approaching = target > 0 && Temperature < target - 5;
        goalTemperature = Temperature + 2;
        goalTime = now + checkGainTime;
    }

    /// <summary>The thermistor's wire breaks: the reading falls, and the microcontroller notices that it is out of range.</summary>
    public void OpenSensor() => sensorOpen = true;

    /// <summary>Takes a reading. Gives the reason when the printer must shut down.</summary>
    public string? Read(double now)
    {
        var reading = body.Advance(now) + noise();
        var raw = sensorOpen ? -109.28 : reading;
        var elapsed = now - previousTime;
        var derivative = elapsed < SmoothTime
            ? (previousDerivative * (SmoothTime - elapsed) + (raw - previousTemperature)) / SmoothTime
            : (raw - previousTemperature) / elapsed;
        previousTemperature = raw;
        previousTime = now;
        previousDerivative = derivative;
        Temperature += (raw - Temperature) * Math.Min(1, elapsed / SmoothTime);
        Control(raw, derivative, elapsed);
        faults = raw < MinTemperature || raw > MaxTemperature ? faults + 1 : 0;
        if (faults == FaultsToShutDown)
        {
            return FormattableString.Invariant(
                $"MCU 'mcu' shutdown: ADC out of range\n\nSensor '{Name}' temperature {raw:F3} not in range {MinTemperature:F3}:{MaxTemperature:F3}\n\nThis generally occurs when a heater temperature exceeds\nits configured min_temp or max_temp.");
        }

        return Watch(now);
    }

    /// <summary>Cuts the power for good, as a shutdown does.</summary>
    public void Cut()
    {
        Power = 0;
        body.Power = 0;
        isCut = true;
    }

    private void Control(double raw, double derivative, double elapsed)
    {
        if (Target <= 0)
        {
            integral = 0;
            Power = 0;
        }
        else
        {
            var error = Target - raw;
            var next = Math.Clamp(integral + error * elapsed, 0, ki > 0 ? 1 / ki : 0);
            var wanted = kp * error + ki * next - kd * derivative;
            Power = Math.Clamp(wanted, 0, 1);
            if (wanted == Power)
                integral = next;
        }

        if (isCut)
            Power = 0;
        body.Power = Power;
    }

    /// <summary>Heating must make progress: 2 degrees within the configured time, or the printer stops for safety (<c>verify_heater</c>).</summary>
    private string? Watch(double now)
    {
        if (!approaching)
            return null;
        if (Temperature >= Target - 5)
        {
            approaching = false;
        }
        else if (Temperature >= goalTemperature)
        {
            goalTemperature = Temperature + 2;
            goalTime = now + checkGainTime;
        }
        else if (now > goalTime)
        {
            return $"Heater {Name} not heating at expected rate\nSee the 'verify_heater' section in docs/Config_Reference.md\nfor the parameters that control this check.";
        }

        return null;
    }
}
