@echo off
rem The agent's own commands (doctor, status, schema) for an administrator. Only the release that the installer laid down is run: the
rem data folder's releases may be written by the service's account, and an administrator runs nothing of that.
setlocal
set "CARESTREAM_NATIVE_DIR=%~dp0native"
if not defined CARESTREAM_DATA_DIR set "CARESTREAM_DATA_DIR=%ProgramData%\Flynotes\Agent"
"%~dp0node.exe" "%~dp0versions\{RELEASE}\agent\agent.mjs" %*
exit /b %errorlevel%
