/*
 * What Windows' service control manager runs. It knows one thing: keep the supervisor running.
 *
 *   carestream-service run [--data-dir FOLDER] [-- WORDS]             as the service; only the service control manager can
 *   carestream-service install | uninstall | start | stop | status    see control.c
 *
 * It never changes once it is installed, so it decides nothing: which version of the agent runs, and whether it is any good, is the
 * supervisor's business. The supervisor may end as often as it likes; the pauses grow, and nothing ever gives up.
 */
#include "service.h"

#include <stdio.h>

enum {
    FIRST_PAUSE_MS = 1000,
    LONGEST_PAUSE_MS = 5 * 60 * 1000,
    /* After this long without an end, earlier ends are forgotten. */
    STEADY_MS = 10 * 60 * 1000,
    /* The agent takes 25 s at most, and the supervisor needs a moment on top of that. */
    STOP_MS = 35 * 1000,
    /* Told to the service control manager again and again while stopping. */
    STOP_HINT_MS = 5 * 1000,
    TICK_MS = 30 * 1000,
    OUTPUT_MOST_BYTES = 1024 * 1024,
    EVENT_STARTED = 1,
    EVENT_STOPPED = 2,
    EVENT_SUPERVISOR_ENDED = 3,
    EVENT_CANNOT_START = 4,
    EVENT_KILLED = 5,
};

typedef struct {
    HANDLE process;
    HANDLE job;
    /* Closed to ask for an end: the one signal that a program without a window gets on Windows. */
    HANDLE input;
    DWORD id;
} Supervisor;

static SERVICE_STATUS_HANDLE statusHandle;
static SERVICE_STATUS status = {.dwServiceType = SERVICE_WIN32_OWN_PROCESS};
static HANDLE stopWanted;
static HANDLE eventLog;
static const Folders *folders;

static void tell(WORD kind, DWORD id, const wchar_t *format, ...)
{
    wchar_t text[1024];
    const wchar_t *texts[] = {text};
    va_list values;
    va_start(values, format);
    vswprintf(text, ARRAYSIZE(text), format, values);
    va_end(values);
    if (eventLog)
        ReportEventW(eventLog, kind, 0, id, NULL, 1, 0, texts, NULL);
}

static void report(DWORD state, DWORD hintMs)
{
    status.dwCurrentState = state;
    status.dwControlsAccepted = state == SERVICE_RUNNING ? SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_PRESHUTDOWN : 0;
    status.dwWaitHint = hintMs;
    status.dwCheckPoint = hintMs ? status.dwCheckPoint + 1 : 0;
    SetServiceStatus(statusHandle, &status);
}

static DWORD WINAPI onControl(DWORD control, DWORD kind, LPVOID data, LPVOID context)
{
    (void)kind, (void)data, (void)context;
    switch (control) {
    case SERVICE_CONTROL_STOP:
    case SERVICE_CONTROL_PRESHUTDOWN:
        report(SERVICE_STOP_PENDING, STOP_HINT_MS);
        SetEvent(stopWanted);
        return NO_ERROR;
    case SERVICE_CONTROL_INTERROGATE:
        return NO_ERROR;
    default:
        return ERROR_CALL_NOT_IMPLEMENTED;
    }
}

static void outputPath(wchar_t *path, const wchar_t *suffix)
{
    swprintf(path, LONG_PATH, L"%ls\\logs\\service-output.log%ls", folders->data, suffix);
}

/* What the supervisor prints is for the worst day only: it keeps a log of its own. NUL where the folder cannot be written. */
static HANDLE openOutput(SECURITY_ATTRIBUTES *inherited)
{
    wchar_t path[LONG_PATH], older[LONG_PATH];
    WIN32_FILE_ATTRIBUTE_DATA found;
    swprintf(path, LONG_PATH, L"%ls\\logs", folders->data);
    CreateDirectoryW(path, NULL);
    outputPath(path, L"");
    outputPath(older, L".1");
    if (GetFileAttributesExW(path, GetFileExInfoStandard, &found) && found.nFileSizeLow > OUTPUT_MOST_BYTES / 2)
        MoveFileExW(path, older, MOVEFILE_REPLACE_EXISTING);
    /* Without FILE_WRITE_DATA each write goes to the end, wherever that is by then. */
    HANDLE file = CreateFileW(path, FILE_APPEND_DATA | SYNCHRONIZE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                              inherited, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file != INVALID_HANDLE_VALUE)
        return file;
    return CreateFileW(L"NUL", GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, inherited, OPEN_EXISTING, 0, NULL);
}

/* A supervisor that prints without end fills no disk. */
static void boundOutput(void)
{
    wchar_t path[LONG_PATH];
    WIN32_FILE_ATTRIBUTE_DATA found;
    outputPath(path, L"");
    if (!GetFileAttributesExW(path, GetFileExInfoStandard, &found))
        return;
    if (found.nFileSizeHigh == 0 && found.nFileSizeLow <= OUTPUT_MOST_BYTES)
        return;
    HANDLE file = CreateFileW(path, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              TRUNCATE_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file != INVALID_HANDLE_VALUE)
        CloseHandle(file);
}

/* Whatever the supervisor started ends with this handle, also when this program is killed. */
static HANDLE createKillingJob(void)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    HANDLE job = CreateJobObjectW(NULL, NULL);
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    if (job)
        SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits);
    return job;
}

static void letGo(Supervisor *supervisor)
{
    if (supervisor->job)
        TerminateJobObject(supervisor->job, 1);
    HANDLE handles[] = {supervisor->input, supervisor->job, supervisor->process};
    for (size_t each = 0; each < ARRAYSIZE(handles); each += 1)
        if (handles[each])
            CloseHandle(handles[each]);
    *supervisor = (Supervisor){0};
}

/* 0, or why not. */
static DWORD startSupervisor(Supervisor *supervisor)
{
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    STARTUPINFOW startup = {.cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION process = {0};
    wchar_t program[LONG_PATH], command[5 * LONG_PATH];
    DWORD failure = 0;

    swprintf(program, ARRAYSIZE(program), L"%ls\\node.exe", folders->install);
    swprintf(command, ARRAYSIZE(command), L"\"%ls\" \"%ls\\supervisor.mjs\" --install-dir \"%ls\" --data-dir \"%ls\"%ls", program,
             folders->install, folders->install, folders->data, folders->words);
    *supervisor = (Supervisor){.job = createKillingJob()};
    if (!CreatePipe(&startup.hStdInput, &supervisor->input, &inherited, 0)) {
        failure = GetLastError();
        letGo(supervisor);
        return failure;
    }
    SetHandleInformation(supervisor->input, HANDLE_FLAG_INHERIT, 0);
    startup.hStdOutput = startup.hStdError = openOutput(&inherited);
    if (CreateProcessW(program, command, NULL, NULL, TRUE, CREATE_NO_WINDOW | CREATE_SUSPENDED, NULL, folders->install,
                       &startup, &process)) {
        supervisor->process = process.hProcess;
        supervisor->id = process.dwProcessId;
        /* Suspended until it is in the job, so that nothing that it starts is outside. */
        if (!supervisor->job || !AssignProcessToJobObject(supervisor->job, process.hProcess)) {
            failure = GetLastError();
            TerminateProcess(process.hProcess, 1);
        } else {
            ResumeThread(process.hThread);
        }
        CloseHandle(process.hThread);
    } else {
        failure = GetLastError();
    }
    CloseHandle(startup.hStdInput);
    CloseHandle(startup.hStdOutput);
    if (failure)
        letGo(supervisor);
    return failure;
}

/* Standard input ends; whoever still runs at the end of the time is killed. */
static void stopSupervisor(Supervisor *supervisor)
{
    CloseHandle(supervisor->input);
    supervisor->input = NULL;
    ULONGLONG lastMoment = GetTickCount64() + STOP_MS;
    while (WaitForSingleObject(supervisor->process, 1000) == WAIT_TIMEOUT) {
        report(SERVICE_STOP_PENDING, STOP_HINT_MS);
        if (GetTickCount64() < lastMoment)
            continue;
        tell(EVENTLOG_WARNING_TYPE, EVENT_KILLED, L"The supervisor (process %lu) did not end when asked to and was killed.",
             supervisor->id);
        break;
    }
    letGo(supervisor);
}

/* True when a stop is wanted, false when the supervisor ended. */
static BOOL watch(const Supervisor *supervisor)
{
    HANDLE either[] = {stopWanted, supervisor->process};
    for (;;) {
        DWORD which = WaitForMultipleObjects(ARRAYSIZE(either), either, FALSE, TICK_MS);
        if (which != WAIT_TIMEOUT)
            return which == WAIT_OBJECT_0;
        boundOutput();
    }
}

static void keepRunning(void)
{
    DWORD pauseMs = FIRST_PAUSE_MS;
    for (;;) {
        Supervisor supervisor;
        DWORD failure = startSupervisor(&supervisor);
        if (failure) {
            tell(EVENTLOG_ERROR_TYPE, EVENT_CANNOT_START,
                 L"The supervisor in %ls could not be started (Windows error %lu). It is tried again in %lu s.",
                 folders->install, failure, pauseMs / 1000);
        } else {
            ULONGLONG startedAt = GetTickCount64();
            if (watch(&supervisor)) {
                stopSupervisor(&supervisor);
                return;
            }
            DWORD exitCode = 0;
            GetExitCodeProcess(supervisor.process, &exitCode);
            letGo(&supervisor);
            if (GetTickCount64() - startedAt >= STEADY_MS)
                pauseMs = FIRST_PAUSE_MS;
            tell(EVENTLOG_WARNING_TYPE, EVENT_SUPERVISOR_ENDED,
                 L"The supervisor ended by itself (exit code %lu). It is started again in %lu s. Look into %ls\\logs.", exitCode,
                 pauseMs / 1000, folders->data);
        }
        if (WaitForSingleObject(stopWanted, pauseMs) == WAIT_OBJECT_0)
            return;
        pauseMs = pauseMs * 2 < LONGEST_PAUSE_MS ? pauseMs * 2 : LONGEST_PAUSE_MS;
    }
}

static void WINAPI serviceMain(DWORD count, LPWSTR *words)
{
    (void)count, (void)words;
    stopWanted = CreateEventW(NULL, TRUE, FALSE, NULL);
    statusHandle = RegisterServiceCtrlHandlerExW(SERVICE_NAME, onControl, NULL);
    if (!statusHandle)
        return;
    eventLog = RegisterEventSourceW(NULL, SERVICE_NAME);
    /* A machine-wide NODE_OPTIONS is meant for somebody else. */
    SetEnvironmentVariableW(L"NODE_OPTIONS", NULL);
    report(SERVICE_RUNNING, 0);
    tell(EVENTLOG_INFORMATION_TYPE, EVENT_STARTED, L"Started; the data folder is %ls.", folders->data);
    keepRunning();
    tell(EVENTLOG_INFORMATION_TYPE, EVENT_STOPPED, L"Stopped.");
    if (eventLog)
        DeregisterEventSource(eventLog);
    report(SERVICE_STOPPED, 0);
}

DWORD runService(const Folders *where)
{
    SERVICE_TABLE_ENTRYW table[] = {{(wchar_t *)SERVICE_NAME, serviceMain}, {NULL, NULL}};
    folders = where;
    return StartServiceCtrlDispatcherW(table) ? 0 : GetLastError();
}
